//! What followed which context: counts in a table of fixed size. Knows contexts by their hashes
//! only, forgets the weakest first, and lets old counts fade.

/// How many different successors of one context are kept; the rarest gives way.
const SUCCESSORS: usize = 7;
/// What one observation counts for.
const UNIT: u16 = 256;
/// How many places a context may stand at.
const PROBES: usize = 4;

/// What followed one context.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Context {
    /// The hash of the context; 0 marks a free place.
    pub(super) key: u32,
    pub(super) symbols: [u8; SUCCESSORS],
    /// In 256ths of an observation; 0 marks a free place.
    pub(super) counts: [u16; SUCCESSORS],
}

impl Context {
    pub(super) fn pairs(&self) -> impl Iterator<Item = (u8, u16)> + '_ {
        self.symbols.iter().copied().zip(self.counts).filter(|(_, count)| *count > 0)
    }

    fn total(&self) -> u32 {
        self.counts.iter().map(|count| u32::from(*count)).sum()
    }

    /// `symbol` came. What did not come fades, and everything does once there is plenty.
    fn learn(&mut self, symbol: u8, pace: Pace) {
        let full = self.total() > u32::from(pace.most) * u32::from(UNIT);
        for (known, count) in self.symbols.iter().zip(&mut self.counts) {
            if full {
                *count -= *count / pace.most.max(1);
            }
            if *known != symbol {
                *count -= (*count / 16) * pace.fade.min(256) / 16;
            }
        }
        let known = self.symbols.iter().zip(self.counts).position(|(s, c)| *s == symbol && c > 0);
        let rarest = || (0..SUCCESSORS).min_by_key(|at| self.counts.get(*at).copied());
        let Some(place) = known.or_else(rarest) else { return };
        if let (Some(name), Some(count)) = (self.symbols.get_mut(place), self.counts.get_mut(place)) {
            if known.is_none() {
                (*name, *count) = (symbol, 0);
            }
            *count = count.saturating_add(UNIT);
        }
    }
}

/// How fast a memory learns and forgets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Observations after which a context counts no further and old ones fade; at most 200.
    pub(super) most: u16,
    /// How much of what did not happen fades each time, in 256ths.
    pub(super) fade: u16,
}

/// A table of contexts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Memory {
    places: Vec<Context>,
}

impl Memory {
    /// `size` is a power of two.
    pub(super) fn new(size: usize) -> Self {
        Self { places: vec![Context::default(); size] }
    }

    fn window(&self, key: u32) -> usize {
        // A table has far fewer than 2^32 places.
        (key as usize) & (self.places.len() - 1) & !(PROBES - 1)
    }

    /// What followed this context, if anything is known.
    pub(super) fn find(&self, key: u32) -> Option<&Context> {
        let at = self.window(key);
        self.places.get(at..at + PROBES)?.iter().find(|context| context.key == key)
    }

    /// `symbol` followed the context.
    pub(super) fn learn(&mut self, key: u32, symbol: u8, pace: Pace) {
        let at = self.window(key);
        let Some(window) = self.places.get_mut(at..at + PROBES) else { return };
        let known = window.iter().position(|context| context.key == key);
        // What was seen least gives way.
        let place = known.or_else(|| (0..PROBES).min_by_key(|at| window.get(*at).map(Context::total)));
        let Some(context) = place.and_then(|place| window.get_mut(place)) else { return };
        if context.key != key {
            *context = Context { key, ..Context::default() };
        }
        context.learn(symbol, pace);
    }

    /// Forgets a symbol that now means something else.
    pub(super) fn forget(&mut self, symbol: u8) {
        for context in &mut self.places {
            for (known, count) in context.symbols.iter().zip(&mut context.counts) {
                if *known == symbol {
                    *count = 0;
                }
            }
        }
    }

    /// Takes a context back, where there is room for it.
    pub(super) fn put(&mut self, context: Context) -> Option<()> {
        let at = self.window(context.key);
        let window = self.places.get_mut(at..at + PROBES)?;
        if window.iter().any(|known| known.key == context.key) {
            return None;
        }
        *window.iter_mut().find(|known| known.key == 0)? = context;
        Some(())
    }

    pub(super) fn contexts(&self) -> impl Iterator<Item = &Context> {
        self.places.iter().filter(|context| context.key != 0)
    }
}
