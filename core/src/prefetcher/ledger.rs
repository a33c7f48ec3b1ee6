//! What was requested ahead of need and what became of it, in clips, bytes and money. Every request
//! is open until it ends, once, as used or as wasted.

use crate::units::MicroUsd;

/// What came of what was requested ahead of need. What is neither used nor wasted is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Fetches and generations begun ahead of need.
    pub requested: u64,
    /// Those whose clip was then asked for or shown.
    pub used: u64,
    /// Those that were cancelled, failed, found nothing, or whose clip was dropped without being shown.
    pub wasted: u64,
    /// Bytes: estimated until a clip is there, all of them for a fetch that was cancelled on the way.
    pub bytes_requested: u64,
    /// Of them those of clips that were shown.
    pub bytes_used: u64,
    /// Of them those of requests that were wasted.
    pub bytes_wasted: u64,
    /// Money for generations: estimated until the server says; nothing for what failed.
    pub micro_usd_requested: MicroUsd,
    /// Of it that for clips that were shown.
    pub micro_usd_used: MicroUsd,
    /// Of it that for requests that were wasted.
    pub micro_usd_wasted: MicroUsd,
}

/// One request that is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    bytes: u64,
    price: MicroUsd,
    /// The server has said what it costs.
    told: bool,
}

impl Counters {
    /// Opens a request.
    pub(super) fn open(&mut self, bytes: u64, price: MicroUsd) -> Request {
        self.requested += 1;
        self.bytes_requested = self.bytes_requested.saturating_add(bytes);
        self.micro_usd_requested = self.micro_usd_requested + price;
        Request { bytes, price, told: false }
    }

    /// The bytes of an open request are known.
    pub(super) fn correct_bytes(&mut self, request: &mut Request, bytes: u64) {
        self.bytes_requested = self.bytes_requested.saturating_sub(request.bytes).saturating_add(bytes);
        request.bytes = bytes;
    }

    /// The price of an open request is known: the server said so, or it failed.
    pub(super) fn correct_price(&mut self, request: &mut Request, price: MicroUsd, told: bool) {
        if request.told && !told {
            return;
        }
        self.micro_usd_requested = self.micro_usd_requested.less(request.price) + price;
        (request.price, request.told) = (price, told);
    }

    /// Ends a request.
    pub(super) fn close(&mut self, request: Request, used: bool) {
        let (count, bytes, money) = if used {
            (&mut self.used, &mut self.bytes_used, &mut self.micro_usd_used)
        } else {
            (&mut self.wasted, &mut self.bytes_wasted, &mut self.micro_usd_wasted)
        };
        *count += 1;
        *bytes = bytes.saturating_add(request.bytes);
        *money = *money + request.price;
    }
}

impl Request {
    /// As far as is known.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// As far as is known.
    #[cfg(test)]
    pub(super) const fn price(&self) -> MicroUsd {
        self.price
    }
}
