//! libFuzzer on [`cuelight_fuzz::media`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cuelight_fuzz::media::run(data));
