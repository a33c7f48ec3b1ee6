//! libFuzzer on [`cuelight_fuzz::ranges`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cuelight_fuzz::ranges::run(data));
