//! libFuzzer on [`cuelight_fuzz::keys`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cuelight_fuzz::keys::run(data));
