//! libFuzzer on [`cuelight_fuzz::sessions`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cuelight_fuzz::sessions::run(data));
