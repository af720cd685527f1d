//! See `oracles::canonical`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    oracles::canonical::judge(input);
});
