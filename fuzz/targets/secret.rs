//! See `oracles::secret`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    oracles::secret::judge(input);
});
