//! libFuzzer on [`cuelight_fuzz::tokens`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cuelight_fuzz::tokens::run(data));
