//! See `oracles::jwt`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    oracles::jwt::judge(input);
});
