//! Every setting of a deployment: its name, its bounds and its default. [`super::Settings`] reads by
//! these, and a test writes them into `docs/operations.md`, so the page cannot say anything else.
//!
//! The numbers without a source are ours, and a deployment changes them.

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Where it is: the variable, then the members inside it. `{id}` stands for a name of the
    /// operator's.
    pub path: &'static str,
    /// What it may be.
    pub values: Values,
    /// What it is when it is not set.
    pub default: Default,
    /// What it decides.
    pub meaning: &'static str,
}

/// What a setting may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// In words.
    Words(&'static str),
    /// A whole number between two, both included.
    Whole(u64, u64),
}

/// What a setting is when it is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// It must be set.
    Required,
    /// In words.
    Words(&'static str),
    /// A number.
    Whole(u64),
    /// A number for each plan: free, pro, enterprise.
    ByPlan([u64; 3]),
}

impl Setting {
    /// The last part of its path.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }
}

/// A million dollars: a slip of the hand is larger.
const MOST_MICRO_USD: u64 = 1_000_000_000_000;
const YEAR_S: u64 = 31_536_000;

const fn words(path: &'static str, values: &'static str, default: Default, meaning: &'static str) -> Setting {
    Setting { path, values: Values::Words(values), default, meaning }
}

const fn whole(
    path: &'static str,
    (min, max): (u64, u64),
    default: Default,
    meaning: &'static str,
) -> Setting {
    Setting { path, values: Values::Whole(min, max), default, meaning }
}

pub(super) const MODE: Setting = words(
    "MODE",
    "`development`, `production`",
    Default::Required,
    "development is open without keys and answers on the local machine only",
);
pub(super) const TENANTS: Setting =
    words("TENANTS", "an object, a member for each tenant", Default::Required, "who pays for clips");
pub(super) const NAMESPACE: Setting = words(
    "TENANTS.{id}.namespace",
    "1 to 64 of A-Z, a-z, 0-9, - and _",
    Default::Required,
    "part of every key of the tenant: a long random one makes its clips unguessable, a changed one abandons them all",
);
pub(super) const PLAN: Setting = words(
    "TENANTS.{id}.plan",
    "`free`, `pro`, `enterprise`",
    Default::Words("`free`"),
    "which states a character has, and the defaults below",
);
pub(super) const MONTHLY: Setting = whole(
    "TENANTS.{id}.monthly_micro_usd",
    (0, MOST_MICRO_USD),
    Default::ByPlan([10_000_000, 300_000_000, 3_000_000_000]),
    "most to spend in a month (UTC), in millionths of a dollar",
);
pub(super) const DAILY: Setting = whole(
    "TENANTS.{id}.daily_micro_usd",
    (0, MOST_MICRO_USD),
    Default::ByPlan([1_000_000, 20_000_000, 200_000_000]),
    "most to spend in a day (UTC); unset, never above the month's",
);
pub(super) const SPECULATION: Setting = whole(
    "TENANTS.{id}.speculation_daily_micro_usd",
    (0, MOST_MICRO_USD),
    Default::ByPlan([100_000, 4_000_000, 40_000_000]),
    "how much of the day's money may go to clips that nobody asked for yet; unset, never above the day's",
);
pub(super) const CLIPS: Setting = whole(
    "TENANTS.{id}.clips_per_month",
    (0, 10_000_000),
    Default::ByPlan([100, 3_000, 30_000]),
    "most clips to generate in a month",
);
pub(super) const CHARACTERS: Setting = whole(
    "TENANTS.{id}.characters_per_hour",
    (0, 10_000),
    Default::Whole(10),
    "most characters to create in an hour, for each merchant; no call creates any yet",
);
pub(super) const COOLDOWN: Setting = whole(
    "TENANTS.{id}.regenerate_cooldown_s",
    (0, YEAR_S),
    Default::Whole(86_400),
    "how long until a state that was made anew may be made anew again, in seconds; no call makes one anew yet",
);
pub(super) const REQUESTS: Setting = whole(
    "LIMITS.requests",
    (1, 10_000),
    Default::Whole(10),
    "most requests in a window, for each token, player or page",
);
pub(super) const SERVER_REQUESTS: Setting = whole(
    "LIMITS.server_requests",
    (1, 10_000),
    Default::Whole(600),
    "most requests in a window, for each secret key",
);
pub(super) const WINDOW: Setting =
    whole("LIMITS.window_s", (1, 3_600), Default::Whole(60), "the window, in seconds");
pub(super) const CONCURRENCY: Setting = whole(
    "LANES.{provider}.concurrency",
    (1, 1_000),
    Default::Whole(2),
    "most operations at the provider at once",
);
pub(super) const PER_MINUTE: Setting = whole(
    "LANES.{provider}.per_minute",
    (1, 10_000),
    Default::Whole(10),
    "most submissions to the provider in a minute",
);
pub(super) const WEBHOOK_HOSTS: Setting = words(
    "WEBHOOK_HOSTS",
    "a list of up to 64 hosts: `hooks.example.com`, `*.example.com`",
    Default::Words("none"),
    "where webhooks may go, over https; in development also `localhost`, an address of this machine, and http",
);
pub(super) const PROVIDER_URL: Setting = words(
    "{PROVIDER}_URL",
    "an address without query; https, but for the local machine in development",
    Default::Words("the provider is not used"),
    "where a provider of the catalogue is, for instance `STUDIO_URL`; at least one must be set",
);
pub(super) const PROVIDER_MEDIA: Setting = words(
    "PROVIDERS.{provider}.media",
    "a list of up to 16 addresses, as for `{PROVIDER}_URL`",
    Default::Words("none"),
    "further places that a provider's results may be fetched from and inputs be put to: its store, its delivery network",
);
pub(super) const PROVIDER_OPTIONS: Setting = words(
    "PROVIDERS.{provider}.options",
    "an object of up to 32 strings",
    Default::Words("none"),
    "what the provider's adapter is told, none of it secret: for instance `region`, `output_s3_uri`, `model_id`",
);
pub(super) const CATALOG: Setting = words(
    "CATALOG",
    "an object: `{\"models\": [{\"id\": …}]}`",
    Default::Words("the catalogue that ships"),
    "changes of the models, member by member, and new models of a known family (`\"like\": \"id\"`): prices, vendor ids, successors",
);

pub(super) const WRITER: Setting = words(
    "PROMPT_WRITER.model",
    "the id of a language model at `GOOGLE_URL`, such as `gemini-3.5-flash-lite`",
    Default::Words("nobody writes; a template stands in"),
    "who writes how a scene moves, for `POST /api/v1/prompts`",
);
pub(super) const WRITER_INPUT: Setting = whole(
    "PROMPT_WRITER.input_micro_usd",
    (0, MOST_MICRO_USD),
    Default::Words("must be set with the model"),
    "what a million tokens that it is told cost, in millionths of a dollar: 300000 for `gemini-3.5-flash-lite` in October 2026",
);
pub(super) const WRITER_OUTPUT: Setting = whole(
    "PROMPT_WRITER.output_micro_usd",
    (0, MOST_MICRO_USD),
    Default::Words("must be set with the model"),
    "what a million tokens that it says and thinks cost: 2500000 for the same",
);

/// All settings, in the order they are explained.
pub const SETTINGS: [Setting; 23] = [
    MODE,
    PROVIDER_URL,
    PROVIDER_MEDIA,
    PROVIDER_OPTIONS,
    CATALOG,
    TENANTS,
    NAMESPACE,
    PLAN,
    MONTHLY,
    DAILY,
    SPECULATION,
    CLIPS,
    CHARACTERS,
    COOLDOWN,
    REQUESTS,
    SERVER_REQUESTS,
    WINDOW,
    CONCURRENCY,
    PER_MINUTE,
    WEBHOOK_HOSTS,
    WRITER,
    WRITER_INPUT,
    WRITER_OUTPUT,
];
