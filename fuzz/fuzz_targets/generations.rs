//! libFuzzer on [`cuelight_fuzz::generations`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cuelight_fuzz::generations::run(data));
