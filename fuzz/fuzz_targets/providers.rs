//! libFuzzer on [`cuelight_fuzz::providers`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cuelight_fuzz::providers::run(data));
