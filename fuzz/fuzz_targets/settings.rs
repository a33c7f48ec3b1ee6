//! libFuzzer on [`cuelight_fuzz::settings`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cuelight_fuzz::settings::run(data));
