//! `cargo xtask demo providers`: every model of the catalogue makes what it can, through the worker, while
//! the studio stands in for all vendors at once. Prints what came of it and draws one picture of all results.
//! Judges results by their bytes alone, with a reader that is none of ours.

mod client;
mod materials;
mod media;
mod sheet;
mod table;
mod wish;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use cuelight_core::catalog::{ModelDef, Status};
use serde_json::{Value, json};

use self::client::Client;
use self::media::Media;
use self::wish::Wish;
use crate::build::{self, Care};
use crate::dev::{self, Both};
use crate::process;
use crate::progress::seconds;
use crate::say;
use crate::tools::debian;
use crate::workspace::{Workspace, on_path};

/// A hundred times as fast as the vendors are.
const DELAY_SCALE: &str = "0.01";
/// How many jobs are under way at once: enough that nobody waits long, few enough that two cores keep up.
const AT_ONCE: usize = 6;
/// How often a job is asked about.
const GLANCE: Duration = Duration::from_millis(150);
/// How long any job may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What became of a wish.
#[derive(Debug)]
struct Row {
    wish: Wish,
    /// What was made, or in one sentence why nothing was.
    made: Result<Made, String>,
}

/// What was made.
#[derive(Debug)]
struct Made {
    /// From the request to the moment its result could be fetched.
    latency: Duration,
    /// In millionths of a dollar, as the job says.
    cost: u64,
    media: Media,
}

/// The command `demo`.
///
/// # Errors
/// There is no such demo, something could not be built or started, or a model did not make what it should.
pub(crate) fn command(workspace: &Workspace, words: &[String]) -> Result<()> {
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["providers"] => providers(workspace),
        _ => bail!("what is shown? There is `cargo xtask demo providers`"),
    }
}

fn providers(workspace: &Workspace) -> Result<()> {
    if on_path("ffmpeg").is_none() || on_path("ffprobe").is_none() {
        debian::install_packages(workspace, &["ffmpeg"])?;
    }
    build::build(workspace, Care::Release)?;
    let folder = workspace.target.join("demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("could not empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder.join("media"))?;

    let port = dev::free_port()?;
    let options = ["--delay-scale", DELAY_SCALE];
    let mut both = Both::start(workspace, port, &folder.join("state"), &options)?;
    let result = perform(workspace, &folder, port, &both.studio_url);
    if result.is_err() && !process::interrupted() {
        both.edge.collect(GLANCE);
        both.edge.show_last_lines();
    }
    process::stop_descendants();
    result
}

/// All of it, with both parts running.
fn perform(workspace: &Workspace, folder: &Path, port: u16, studio_url: &str) -> Result<()> {
    let began = Instant::now();
    let edge = Client::new(&format!("127.0.0.1:{port}"));
    say!("→ materials: draw, speak, upload");
    let materials = materials::upload(workspace, folder, &edge)?;
    let models: Vec<ModelDef> = serde_json::from_value(edge.get_json("/api/v1/models")?["models"].take())
        .context("GET /api/v1/models tells of no models")?;

    let wishes = wish::all(&models, &materials);
    say!(
        "→ {} jobs for {} models, {AT_ONCE} at once",
        wishes.len(),
        models.iter().filter(|model| model.lifecycle.status != Status::Retired).count()
    );
    let rows = make_all(folder, &edge, wishes)?;
    say!("{}", table::of(&rows));

    let mut trouble: Vec<String> = rows
        .iter()
        .filter_map(|row| Some(format!("{}: {}", row.wish.name(), row.made.as_ref().err()?)))
        .collect();
    trouble.extend(retired(&edge, &models)?);
    trouble.extend(accounts(studio_url, &rows)?);
    let picture = sheet::join(folder, rows.len())?;
    say!("\nThe results are in {}, their first frames in {}", relative(workspace, &folder.join("media")), {
        relative(workspace, &picture)
    });
    if !trouble.is_empty() {
        bail!("{} went wrong:\n  {}", trouble.len(), trouble.join("\n  "));
    }
    say!("All {} were made, in {}.", rows.len(), seconds(began.elapsed()));
    Ok(())
}

fn relative(workspace: &Workspace, path: &Path) -> String {
    path.strip_prefix(&workspace.root).unwrap_or(path).display().to_string()
}

/// Grants all wishes, and answers in their order.
fn make_all(folder: &Path, edge: &Client, wishes: Vec<Wish>) -> Result<Vec<Row>> {
    let (next, count) = (AtomicUsize::new(0), wishes.len());
    let rows: Mutex<Vec<(usize, Row)>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(wish) = wishes.get(index).filter(|_| !process::interrupted()) else { return };
                    let made = make(folder, edge, wish, index).map_err(|error| format!("{error:#}"));
                    // A tile for what failed keeps its place, so that nothing goes unnoticed.
                    let drawn = sheet::tile(folder, index, wish, made.as_ref());
                    let made = made.and_then(|made| drawn.map(|()| made).map_err(|e| format!("{e:#}")));
                    let Ok(mut rows) = rows.lock() else { return };
                    rows.push((index, Row { wish: wish.clone(), made }));
                    if let Some((_, row)) = rows.last() {
                        say!("  [{}/{count}] {}", rows.len(), table::progress(row));
                    }
                }
            });
        }
    });
    ensure!(!process::interrupted(), "interrupted");
    let mut rows = rows.into_inner().unwrap_or_default();
    rows.sort_by_key(|(index, _)| *index);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// Asks for one, waits for it, fetches it by its key's address, and looks at it.
fn make(folder: &Path, edge: &Client, wish: &Wish, index: usize) -> Result<Made> {
    let began = Instant::now();
    let mut job = edge.post_job(&format!("demo-{index}"), &wish.body)?;
    ensure!(job["model"] == json!(wish.model), "the job is for {}, not for {}", job["model"], wish.model);
    let id = job["id"].as_str().context("the job has no id")?.to_owned();
    while !matches!(job["status"].as_str(), Some("complete" | "failed" | "cancelled")) {
        ensure!(!process::interrupted(), "interrupted");
        ensure!(began.elapsed() < PATIENCE, "still {} after {}", job["status"], seconds(PATIENCE));
        thread::sleep(GLANCE);
        job = edge.get_json(&format!("/api/v1/jobs/{id}"))?;
    }
    let latency = began.elapsed();
    if job["status"] != "complete" {
        let error = &job["error"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        bail!("{} {}: {}", text(&job["status"]), text(&error["code"]), text(&error["detail"]));
    }
    let content = &job["content"];
    let address = content["url"].as_str().context("the job has no address for its result")?;
    let bytes = edge.get_bytes(address)?;
    let media = media::keep(&folder.join("media"), &wish.file_name(), &bytes)?;
    let told = (content["content_type"].as_str(), content["width"].as_u64(), content["height"].as_u64());
    let found = (Some(media.media_type), Some(u64::from(media.width)), Some(u64::from(media.height)));
    ensure!(told == found, "the answer says {told:?}, the bytes say {found:?}");
    ensure!(media.is_clip() == wish.clip, "it is {}, which is not what was asked for", media.media_type);
    let cost = job["cost_micro_usd"].as_u64().context("the job does not say what it cost")?;
    Ok(Made { latency, cost, media })
}

/// What becomes of those who name a model that its vendor has ended. Spends nothing.
fn retired(edge: &Client, models: &[ModelDef]) -> Result<Vec<String>> {
    say!("\nModels that their vendors have ended, and who serves those who name them:");
    let mut trouble = Vec::new();
    for model in models.iter().filter(|model| model.lifecycle.status == Status::Retired) {
        let Some(operation) = model.operations.first() else { continue };
        let body = json!({
            "operation_type": operation, "model": model.id, "params": {"prompt": "a lighthouse at dawn"},
        });
        let answer = edge.post_json("/api/v1/jobs/preflight", "demo-retired", &body)?;
        let (serves, note) = (answer["model"].as_str(), answer["model_note"].as_str());
        match (serves, note) {
            (Some(serves), Some(note)) if serves != model.id => {
                say!("  {} → {serves}: {note}", model.id);
            }
            _ => trouble.push(format!("{}: naming it is answered with {answer}", model.id)),
        }
    }
    Ok(trouble)
}

/// What was ordered and charged at each vendor, beside what the jobs say.
fn accounts(studio_url: &str, rows: &[Row]) -> Result<Vec<String>> {
    let studio = Client::new(studio_url.trim_start_matches("http://").trim_end_matches('/'));
    let (stats, bill) = (studio.get_json("/control/stats")?, studio.get_json("/control/bill")?);
    let mut trouble = Vec::new();
    say!("\nvendor      jobs  orders   cost by our jobs   on the vendor's bill");
    let mut providers: Vec<&str> = rows.iter().map(|row| row.wish.provider.as_str()).collect();
    providers.sort_unstable();
    providers.dedup();
    for provider in providers {
        let of_it: Vec<&Row> = rows.iter().filter(|row| row.wish.provider == provider).collect();
        let cost: u64 = of_it.iter().filter_map(|row| Some(row.made.as_ref().ok()?.cost)).sum();
        let (orders, billed) = match stats["vendors"].get(provider) {
            Some(account) => (&account["submissions"], &account["total_micro_usd"]),
            None => (&stats["submissions"], &bill["total_micro_usd"]),
        };
        let (orders, billed) = (orders.as_u64().unwrap_or(0), billed.as_u64().unwrap_or(0));
        say!(
            "{provider:<10} {:>5} {orders:>7} {:>18} {:>22}",
            of_it.len(),
            table::dollars(cost),
            table::dollars(billed)
        );
        if orders > of_it.len() as u64 {
            trouble.push(format!(
                "{provider}: {orders} orders for {} jobs: something was made twice",
                of_it.len()
            ));
        }
    }
    Ok(trouble)
}

/// The folder in which a program writes and reads by short names.
fn in_folder(workspace: &Workspace, folder: &Path, program: PathBuf) -> std::process::Command {
    let mut command = workspace.command(program);
    command.current_dir(folder);
    command
}
