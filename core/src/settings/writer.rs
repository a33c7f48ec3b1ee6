//! Which language model writes prompts for a deployment, and what its words cost.

use std::collections::BTreeMap;

use super::members::Members;
use super::provider::Provider;
use super::reference::{WRITER_INPUT, WRITER_OUTPUT};
use super::{SettingCode, address_of, is_name};
use crate::catalog::Tier;
use crate::units::MicroUsd;

/// The provider whose language models are known.
pub const PROVIDER: &str = "google";
/// The most that a language model may answer with, in tokens: sixty words, and what a model that thinks
/// needs before it says them.
pub const MOST_TOKENS: u32 = 2_048;
/// Prices are for so many tokens.
const PRICED: u64 = 1_000_000;

/// A language model that writes prompts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptWriter {
    /// Its id at its vendor, as it stands in an address.
    pub model: String,
    /// What a million tokens of what it is told cost.
    pub input: MicroUsd,
    /// What a million tokens of what it says and thinks cost.
    pub output: MicroUsd,
}

impl PromptWriter {
    /// What so many tokens cost, rounded up.
    #[must_use]
    pub fn cost(&self, input_tokens: u64, output_tokens: u64) -> MicroUsd {
        let part = |price: MicroUsd, tokens: u64| price.0.saturating_mul(tokens);
        let sum = part(self.input, input_tokens).saturating_add(part(self.output, output_tokens));
        MicroUsd(sum.div_ceil(PRICED))
    }

    /// The most that an answer to so many bytes may cost: no token is shorter than one of them.
    #[must_use]
    pub fn most(&self, bytes: usize) -> MicroUsd {
        self.cost(u64::try_from(bytes).unwrap_or(u64::MAX), MOST_TOKENS.into())
    }
}

/// The language model that is set, if one is.
pub(super) fn read(
    members: &mut Members<'_, '_>,
    providers: &BTreeMap<String, Provider>,
) -> Option<PromptWriter> {
    let name = "PROMPT_WRITER";
    let writer = members.inside(name, |mut own| {
        let what = "the id of a language model, such as gemini-3.5-flash-lite";
        own.require("model", what);
        let model = own.text("model", what);
        let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if model.is_some_and(|model| !is_name(model, 80, is_id) || model.starts_with('.')) {
            own.report("model", SettingCode::BadFormat, format!("must be {what}"));
        }
        for price in [&WRITER_INPUT, &WRITER_OUTPUT] {
            own.require(price.name(), "without a price no budget could hold");
        }
        let mut price = |setting| MicroUsd(own.whole_or(setting, Tier::Free));
        let (input, output) = (price(&WRITER_INPUT), price(&WRITER_OUTPUT));
        own.refuse_the_rest();
        Some(PromptWriter { model: model?.to_owned(), input, output })
    });
    if writer.is_some() && !providers.contains_key(PROVIDER) {
        let detail = format!("needs {}, where the language model is", address_of(PROVIDER));
        members.report(name, SettingCode::Conflict, detail);
    }
    writer.flatten()
}
