//! What the check proves and refuses.

use serde_json::{Value, json};

use super::*;
use crate::state_machine::rules::Rules;

const TIERS: [Tier; 3] = [Tier::Free, Tier::Pro, Tier::Enterprise];

fn judge(page: &Value, tier: Tier) -> Result<(), CounterExample> {
    check(&Rc::new(Config::read(page).unwrap()), tier)
}

fn judge_rules(change: impl FnOnce(&mut Rules), tier: Tier) -> Result<(), CounterExample> {
    let mut rules = Rules::built_in().clone();
    change(&mut rules);
    check(&Rc::new(Config::with_rules(rules)), tier)
}

#[test]
fn no_shipped_plan_can_trap_a_character() {
    for tier in TIERS {
        check(&Rc::default(), tier).unwrap();
    }
}

#[test]
fn a_state_without_a_rule_is_named_where_its_plan_has_it() {
    let without_sad = |rules: &mut Rules| rules.moods.to_mut().retain(|mood| mood.state != "sad");
    let found = judge_rules(without_sad, Tier::Enterprise).unwrap_err();
    assert_eq!(found, CounterExample::NoRule("sad".into()));
    judge_rules(without_sad, Tier::Pro).unwrap();
    judge(&json!({ "without_rules": ["sad"] }), Tier::Enterprise).unwrap();
}
