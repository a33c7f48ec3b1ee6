//! libFuzzer on [`cuelight_fuzz::jobs`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cuelight_fuzz::jobs::run(data));
