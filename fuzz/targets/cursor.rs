//! See `oracles::cursor`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    oracles::cursor::judge(input);
});
