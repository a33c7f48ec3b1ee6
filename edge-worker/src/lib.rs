//! The Workers module.
