//! Starts and stops the real parts for end-to-end tests.
