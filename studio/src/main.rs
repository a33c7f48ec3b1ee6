//! A native generation provider.
fn main() {}
