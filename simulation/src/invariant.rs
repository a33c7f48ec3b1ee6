//! What has to be true of every world, each under the name that is printed when it is broken.

/// A promise of the machines taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// Every job reaches a final status.
    NoJobLost,
    /// A request is answered.
    EveryCallerAnswered,
    /// A job's events begin with `queued` and end with exactly one final event.
    OneEnd,
    /// Events are numbered without a gap, also across reconnects.
    EventsInOrder,
    /// One operation for a key lives at its provider, unless the one before was given up. One
    /// that was given up because nobody knows of it is followed by another only ten minutes later.
    OneOperation,
    /// A submission is accepted once.
    AcceptedOnce,
    /// No flight submits more than three times.
    AttemptsBounded,
    /// An operation is polled no longer than its deadline.
    DeadlineKept,
    /// What an account recorded for a submission is what the provider charged: more only where
    /// nobody could say (an unknown submission, a lost operation), never less.
    ChargedOnce,
    /// Nothing is submitted without money set aside for it.
    Reserved,
    /// At rest no money is set aside.
    ReservationsClosed,
    /// Nothing is submitted without a lease.
    Leased,
    /// At rest no lease is out, and an expired one is taken back.
    LeasesEnd,
    /// No more leases than the lane's concurrency.
    Concurrency,
    /// No more operations live at a provider than the lane's concurrency, apart from those whose
    /// lease ran out or that were given up because nobody knew of them.
    ProviderConcurrency,
    /// No more grants in any window than the rate.
    GrantRate,
    /// A ticket that was given back is not granted.
    ReleasedForGood,
    /// Nothing speculative is granted while a wish waits.
    WishesFirst,
    /// No budget is exceeded at the moment money is set aside.
    Budget,
    /// No more requests are admitted in any window than the session's limit.
    RequestLimit,
    /// A token never begins what its allowance cannot pay.
    Allowance,
    /// One idempotency key is one job.
    OneJobPerIdempotencyKey,
    /// The webhook of every job that ended was taken, under the job's id.
    WebhookDelivered,
    /// An announced clip is in the store.
    AnnouncedIsStored,
    /// What nobody wants is stopped where that saves its price.
    UnwantedStops,
    /// Everything comes to rest, and nothing is owed then.
    ComesToRest,
    /// What is read from storage is what was in memory.
    StoredIsMemory,
}

/// A world that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which world.
    pub seed: u64,
    /// What is broken.
    pub invariant: Invariant,
    /// What was seen.
    pub detail: String,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "seed {}: {:?}: {}", self.seed, self.invariant, self.detail)
    }
}
