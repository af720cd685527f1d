//! See `oracles::log`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    oracles::log::judge(input);
});
