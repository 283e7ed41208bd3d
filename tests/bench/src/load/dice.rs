//! Chance that costs nothing and repeats in every run.

/// A xorshift generator.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// One for each client.
    pub(crate) const fn new(client: u64) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ ((client + 1) << 17))
    }

    /// A number below `bound`.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn reaches_every_number_evenly() {
        let mut counts = [0_u32; 10];
        let mut dice = Dice::new(3);
        for _ in 0..10_000 {
            counts[usize::try_from(dice.below(10)).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    }
}
