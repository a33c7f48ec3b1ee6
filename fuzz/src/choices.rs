//! Bytes as a row of decisions. When they are used up, every decision is the first one, so any
//! bytes are a whole story.

/// The decisions that are left.
#[derive(Debug)]
pub struct Choices<'a> {
    rest: &'a [u8],
}

/// Where numbers go wrong, if they do.
const EDGES: [u64; 16] = [
    0,
    1,
    2,
    10,
    1_000,
    1_000_000,
    1_060_000,
    1_000_000_000,
    u32::MAX as u64 - 1,
    u32::MAX as u64,
    u32::MAX as u64 + 1,
    (1 << 53) + 1,
    i64::MAX as u64,
    i64::MAX as u64 + 1,
    u64::MAX - 1,
    u64::MAX,
];

impl<'a> Choices<'a> {
    /// The decisions that `data` stands for.
    #[must_use]
    pub const fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    /// Whether every further decision is the first one.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or_default()
    }

    /// The next `count` bytes, or those that are left.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// One of `count` things, by its place; 0 of none. Of more than 256 only the first can be it.
    pub fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()).checked_rem(count).unwrap_or_default()
    }

    /// Yes or no.
    pub fn flag(&mut self) -> bool {
        self.byte() % 2 == 1
    }

    /// One of `all`, which may not be empty.
    pub fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }

    /// Any number, mostly one where numbers go wrong.
    pub fn number(&mut self) -> u64 {
        match self.byte() {
            any @ 240.. => self.bytes(8).iter().fold(u64::from(any), |sum, b| sum << 8 | u64::from(*b)),
            edge => EDGES[usize::from(edge) % EDGES.len()],
        }
    }

    /// Any text, up to 255 bytes long. What is no UTF-8 is replaced.
    pub fn text(&mut self) -> String {
        let length = usize::from(self.byte());
        String::from_utf8_lossy(self.bytes(length)).into_owned()
    }

    /// All that is left.
    pub fn remainder(&mut self) -> &'a [u8] {
        self.bytes(usize::MAX)
    }
}
