//! Vendor adapters, sans-I/O.
