//! See `oracles::json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    oracles::json::judge(input);
});
