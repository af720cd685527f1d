//! See `oracles::form`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    oracles::form::judge(input);
});
