//! `cargo xtask corpus`: plausible sessions of shops and games, the same for the same seed, to train
//! and to measure the predictor with. They vary widely on purpose: what is tuned to one page is
//! wrong about the next. With `--prior` it writes what the predictor ships instead.

mod dice;
mod game;
mod machine;
mod moods;
mod prior;
mod shop;

use anyhow::{Context, Result, bail};
use cuelight_core::catalog::Tier;
use serde_json::{Value, json};

use self::dice::Dice;
use crate::workspace::Workspace;

/// Where sessions come from; sessions of one family have rules in common that others lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// Pages that set states themselves.
    Shop,
    /// Pages that send events to the state machine.
    Machine,
    /// Pages that show a mood for each message.
    Moods,
    Game(game::Shape),
}

fn families(kind: &str) -> Result<Vec<Family>> {
    let games = || game::SHAPES.into_iter().map(Family::Game);
    Ok(match kind {
        "shop" => vec![Family::Shop, Family::Machine],
        "game" => games().collect(),
        "mixed" => [Family::Shop, Family::Machine].into_iter().chain(games()).collect(),
        "shop:direct" => vec![Family::Shop],
        "shop:machine" => vec![Family::Machine],
        "shop:moods" => vec![Family::Moods],
        "game:ladder" => vec![Family::Game(game::Shape::Ladder)],
        "game:gauge" => vec![Family::Game(game::Shape::Gauge)],
        "game:events" => vec![Family::Game(game::Shape::Events)],
        "game:talk" => vec![Family::Game(game::Shape::Talk)],
        "game:rhythm" => vec![Family::Game(game::Shape::Rhythm)],
        other => bail!(
            "`{other}` is no kind of session: shop, shop:direct, shop:machine, shop:moods, game, \
             game:ladder, game:gauge, game:events, game:talk, game:rhythm or mixed"
        ),
    })
}

/// What is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) seed: u64,
    pub(crate) sessions: u64,
    pub(crate) kind: String,
    /// How many sessions share a site or a scene. All of them make a file of one page.
    pub(crate) per_site: u64,
}

impl Default for Order {
    fn default() -> Self {
        Self { seed: 1, sessions: 1_000, kind: "mixed".to_owned(), per_site: 10 }
    }
}

fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Free => "free",
        Tier::Pro => "pro",
        Tier::Enterprise => "enterprise",
    }
}

/// The sessions, one JSON value each.
///
/// # Errors
/// The kind is unknown.
pub(crate) fn sessions(order: &Order) -> Result<Vec<Value>> {
    let families = families(&order.kind)?;
    let all = Dice::new(order.seed);
    let mut list = Vec::new();
    for number in 0..order.sessions {
        let site = number / order.per_site.max(1);
        // Sites and sessions have dice of their own: more sessions change none of the earlier ones.
        let mut habits = all.part(site.wrapping_mul(2) + 1);
        let mut dice = all.part((number.wrapping_mul(2) + 2) ^ (1 << 40));
        let family = *habits.pick(&families);
        let name = format!("{}-{number}", order.seed);
        list.push(match family {
            Family::Shop => {
                let site = shop::Site::draw(&mut habits);
                let states = shop::session(&site, &mut dice);
                json!({ "session": name, "tier": tier_name(site.tier), "states": states })
            }
            Family::Machine => {
                let pace = machine::Pace::draw(&mut habits);
                let states = machine::session(&pace, &mut dice);
                json!({ "session": name, "tier": tier_name(pace.tier), "states": states })
            }
            Family::Moods => {
                let page = moods::Reading::draw(&mut habits);
                let states = moods::session(&page, &mut dice);
                json!({ "session": name, "tier": tier_name(page.tier), "states": states })
            }
            Family::Game(shape) => {
                let scene = game::Scene::draw(shape, &mut habits);
                let states: Vec<Value> = game::session(&scene, &mut dice)
                    .into_iter()
                    .map(|(expression, tenths)| {
                        json!({ "expression": expression, "intensity": f64::from(tenths) / 10.0 })
                    })
                    .collect();
                json!({ "session": name, "tier": "enterprise", "states": states })
            }
        });
    }
    Ok(list)
}

/// The command `corpus`.
///
/// # Errors
/// An option is not understood, or the prior cannot be written.
pub(crate) fn command(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    if arguments == ["--prior"] {
        let path = workspace.root.join("core/catalog/prior.txt");
        return std::fs::write(&path, prior::table()?).with_context(|| format!("{}", path.display()));
    }
    let order = read(arguments)?;
    let mut out = std::io::stdout().lock();
    for session in sessions(&order)? {
        use std::io::Write;
        match writeln!(out, "{session}") {
            // Whoever reads has read enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => break,
            written => written?,
        }
    }
    Ok(())
}

fn read(arguments: &[String]) -> Result<Order> {
    let mut order = Order::default();
    let mut arguments = arguments.iter();
    while let Some(name) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{name} needs a value"))?;
        let number =
            || value.parse::<u64>().with_context(|| format!("{name} takes a whole number, not `{value}`"));
        match name.as_str() {
            "--seed" => order.seed = number()?,
            "--sessions" => order.sessions = number()?,
            "--per-site" => order.per_site = number()?.max(1),
            "--kind" => order.kind.clone_from(value),
            _ => bail!(
                "`{name}` is not understood here: --seed N, --sessions N, --per-site N, --kind KIND, or --prior alone"
            ),
        }
    }
    Ok(order)
}
