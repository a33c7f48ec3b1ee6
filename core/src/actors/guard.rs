//! The promises whose keeping the simulation has to notice. Each names one line of a machine that
//! a test may switch off, to prove that the simulation would find it missing. In a shipped build
//! every guard holds, and nothing of this is left.

/// One promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Guard {
    /// A want joins the flight that is under way.
    SingleFlight,
    /// A submission that is repeated keeps its idempotency key.
    SameIdempotencyKey,
    /// A submission whose answer was lost is not repeated at a provider that cannot tell.
    NoBlindSubmission,
    /// No more attempts than allowed.
    BoundedAttempts,
    /// An operation that takes too long is given up.
    Deadline,
    /// A clip is announced once it is stored, not before.
    StoredBeforeAnnounced,
    /// A waiter is told until it has acknowledged.
    ToldUntilAcknowledged,
    /// Account, lane and provider are told until they have acknowledged.
    DebtsUntilAcknowledged,
    /// Nothing is submitted without money set aside for it.
    ReservedBeforeSubmitted,
    /// Nothing is submitted without a lease.
    LeasedBeforeSubmitted,
    /// An operation nobody waits for is cancelled where that saves its price.
    CancelledWhenUnwanted,
    /// No more leases than slots.
    Concurrency,
    /// No more grants than the rate allows.
    LaneRate,
    /// A lease ends, even if nobody gives it back.
    LeaseExpires,
    /// A ticket that was given back is not granted again.
    ReleasedStaysReleased,
    /// Nothing speculative is granted while somebody waits for something.
    SpeculationLast,
    /// No budget is exceeded by a reservation.
    BudgetKept,
    /// A submission is paid for once.
    PaidOnce,
    /// A submission that was closed reserves nothing any more.
    ClosedStaysClosed,
    /// An update that comes twice or late changes nothing.
    OrdinalsCompared,
    /// A clip is wanted until its generation has answered.
    WantedUntilAnswered,
    /// No more requests than the limit.
    RequestLimit,
    /// A request that comes twice under one idempotency key is one job.
    OneJobPerIdempotencyKey,
    /// A webhook is sent until it is taken.
    WebhookUntilTaken,
}

impl Guard {
    /// Every guard.
    pub const ALL: [Self; 24] = [
        Self::SingleFlight,
        Self::SameIdempotencyKey,
        Self::NoBlindSubmission,
        Self::BoundedAttempts,
        Self::Deadline,
        Self::StoredBeforeAnnounced,
        Self::ToldUntilAcknowledged,
        Self::DebtsUntilAcknowledged,
        Self::ReservedBeforeSubmitted,
        Self::LeasedBeforeSubmitted,
        Self::CancelledWhenUnwanted,
        Self::Concurrency,
        Self::LaneRate,
        Self::LeaseExpires,
        Self::ReleasedStaysReleased,
        Self::SpeculationLast,
        Self::BudgetKept,
        Self::PaidOnce,
        Self::ClosedStaysClosed,
        Self::OrdinalsCompared,
        Self::WantedUntilAnswered,
        Self::RequestLimit,
        Self::OneJobPerIdempotencyKey,
        Self::WebhookUntilTaken,
    ];
}

/// Whether the guard is on.
#[cfg(not(feature = "sabotage"))]
pub(crate) const fn holds(_: Guard) -> bool {
    true
}

#[cfg(feature = "sabotage")]
thread_local! {
    static OFF: std::cell::Cell<Option<Guard>> = const { std::cell::Cell::new(None) };
}

/// Switches one guard off in this thread, or all of them on.
#[cfg(feature = "sabotage")]
pub fn switch_off(guard: Option<Guard>) {
    OFF.set(guard);
}

/// Whether the guard is on.
#[cfg(feature = "sabotage")]
pub(crate) fn holds(guard: Guard) -> bool {
    OFF.get() != Some(guard)
}
