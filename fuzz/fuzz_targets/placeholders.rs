//! libFuzzer on [`cuelight_fuzz::placeholders`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cuelight_fuzz::placeholders::run(data));
