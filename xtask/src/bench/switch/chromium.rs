//! A headless Chromium that films what it composites. Spoken to over two pipes by the DevTools protocol,
//! so that no port is open and no WebSocket is needed.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::card::View;
use super::film::{HEIGHT, Shot, WIDTH};
use crate::process;
use crate::workspace::on_path;

/// How long the browser may take for what takes no time.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a wait looks whether the command was interrupted.
const GLANCE: Duration = Duration::from_millis(200);
/// The id of messages whose answers concern nobody.
const UNHEARD: u64 = 1;

/// The browser, with one page.
#[derive(Debug)]
pub(super) struct Chromium {
    child: Child,
    wire: Arc<Wire>,
    answers: Receiver<Value>,
    last_id: u64,
    session: String,
    film: Arc<Mutex<Film>>,
}

/// What was filmed since somebody last looked.
#[derive(Debug, Default)]
struct Film {
    shots: Vec<Shot>,
    /// What the page said went wrong.
    errors: Vec<String>,
}

#[derive(Debug)]
struct Wire(Mutex<ChildStdin>);

impl Wire {
    fn send(&self, id: u64, session: &str, method: &str, params: &Value) -> Result<()> {
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !session.is_empty() {
            message["sessionId"] = session.into();
        }
        let mut bytes = serde_json::to_vec(&message)?;
        bytes.push(0);
        let mut pipe = self.0.lock().map_err(|_| anyhow::anyhow!("the pipe's lock is poisoned"))?;
        pipe.write_all(&bytes).and_then(|()| pipe.flush()).context("the browser has ended")
    }
}

impl Chromium {
    /// Starts one with a fresh profile in `profile`, and opens `address`.
    ///
    /// # Errors
    /// There is no Chromium, or it does not do what it should.
    pub(super) fn open(profile: &Path, address: &str) -> Result<Self> {
        let program = ["chromium", "chromium-browser"].into_iter().find_map(on_path);
        let program = program.context("there is no chromium on the path")?;
        if profile.exists() {
            fs::remove_dir_all(profile)?;
        }
        // The protocol's pipes are the descriptors 3 and 4; a shell moves ours there.
        let mut command = Command::new("sh");
        command
            .args(["-c", r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null"#, "sh"])
            .arg(program)
            .args(["--remote-debugging-pipe", "--headless", "--no-sandbox", "--disable-gpu"])
            .args(["--disable-quic", "--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync", "--hide-scrollbars"])
            .arg("--autoplay-policy=no-user-gesture-required")
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = process::start(&mut command)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("the browser has no pipes");
        };
        let wire = Arc::new(Wire(Mutex::new(input)));
        let film = Film::default();
        let film = Arc::new(Mutex::new(film));
        let (sender, answers) = mpsc::channel();
        let (negatives, exposed) = mpsc::channel();
        let lab = Lab { wire: wire.clone(), film: film.clone(), told: None };
        thread::spawn(move || lab.run(&exposed));
        let reader = Reader { wire: wire.clone(), film: film.clone(), answers: sender, negatives };
        thread::spawn(move || reader.run(output));
        let mut chromium = Self { child, wire, answers, last_id: UNHEARD, session: String::new(), film };
        chromium.open_page(address)?;
        Ok(chromium)
    }

    fn open_page(&mut self, address: &str) -> Result<()> {
        let made = self.call("Target.createTarget", &json!({ "url": "about:blank" }), PATIENCE)?;
        let to = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = self.call("Target.attachToTarget", &to, PATIENCE)?;
        self.session = attached["sessionId"].as_str().context("no session with the page")?.to_owned();
        for domain in ["Page.enable", "Runtime.enable"] {
            self.call(domain, &json!({}), PATIENCE)?;
        }
        let size = json!({ "width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &size, PATIENCE)?;
        self.call("Page.navigate", &json!({ "url": address }), PATIENCE)?;
        let asked = Instant::now();
        // A page that is on its way has no `bench` yet, and its world may go away while it is asked.
        while self.evaluate("globalThis.bench !== undefined", PATIENCE).ok() != Some(Value::Bool(true)) {
            ensure!(asked.elapsed() < PATIENCE, "the bench's page does not start: {}", self.errors());
            thread::sleep(GLANCE / 10);
        }
        let film = json!({ "format": "png", "everyNthFrame": 1, "maxWidth": WIDTH, "maxHeight": HEIGHT });
        self.call("Page.startScreencast", &film, PATIENCE)?;
        Ok(())
    }

    /// Evaluates an expression in the page, waits for what it promises, and returns that.
    ///
    /// # Errors
    /// It threw, or took longer than `patience`.
    pub(super) fn evaluate(&mut self, expression: &str, patience: Duration) -> Result<Value> {
        let order = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", &order, patience)?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            let said = thrown.pointer("/exception/description").unwrap_or(&thrown["text"]);
            bail!("the bench's page failed: {}", said.as_str().unwrap_or("it did not say why"));
        }
        Ok(answer.pointer_mut("/result/value").map_or(Value::Null, Value::take))
    }

    /// Everything that was composited since the last time, in the order in which it was. The browser packs
    /// pictures on several threads, so on a busy machine a later one may come first.
    pub(super) fn take_shots(&self) -> Vec<Shot> {
        let mut shots = self.film.lock().map(|mut film| std::mem::take(&mut film.shots)).unwrap_or_default();
        shots.sort_by(|one, other| one.at.total_cmp(&other.at));
        shots
    }

    /// What the page said went wrong, as one text.
    pub(super) fn errors(&self) -> String {
        self.film.lock().map(|film| film.errors.join("; ")).unwrap_or_default()
    }

    fn call(&mut self, method: &str, params: &Value, patience: Duration) -> Result<Value> {
        self.last_id += 1;
        self.wire.send(self.last_id, &self.session, method, params)?;
        let asked = Instant::now();
        loop {
            match self.answers.recv_timeout(GLANCE) {
                Ok(mut answer) if answer["id"] == self.last_id => {
                    if let Some(message) = answer.pointer("/error/message").and_then(Value::as_str) {
                        bail!("{method}: {message}");
                    }
                    return Ok(answer["result"].take());
                }
                // The answer to a call that was given up.
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => bail!("the browser has ended"),
            }
            ensure!(!process::interrupted(), "interrupted");
            ensure!(asked.elapsed() < patience, "{method}: no answer for {patience:?}; {}", self.errors());
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It ends by itself when it is told to, and with the command at the latest.
        let _ = self.wire.send(UNHEARD, "", "Browser.close", &json!({}));
        let _ = self.child.wait();
    }
}

/// Reads all that the browser says, and keeps it waiting for nothing.
struct Reader {
    wire: Arc<Wire>,
    film: Arc<Mutex<Film>>,
    answers: Sender<Value>,
    negatives: Sender<Value>,
}

impl Reader {
    fn run(self, output: ChildStdout) {
        let mut output = BufReader::with_capacity(1 << 16, output);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match output.read_until(0, &mut bytes) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            bytes.pop();
            // A message that cannot be read is answered by nobody, and whoever waits says so.
            let Ok(message) = serde_json::from_slice::<Value>(&bytes) else { continue };
            self.take(message);
        }
    }

    fn take(&self, message: Value) {
        match message["method"].as_str() {
            Some("Page.screencastFrame") => {
                // The frame after the next is sent only when this one was acknowledged.
                let seen = json!({ "sessionId": message["params"]["sessionId"] });
                let session = message["sessionId"].as_str().unwrap_or_default();
                // A browser that has ended is noticed by whoever asks it something.
                let _ = self.wire.send(UNHEARD, session, "Page.screencastFrameAck", &seen);
                let _ = self.negatives.send(message);
            }
            Some("Runtime.exceptionThrown") => {
                let said = message.pointer("/params/exceptionDetails/exception/description");
                let said = said.and_then(Value::as_str).unwrap_or("an error without words");
                complain(&self.film, said.to_owned());
            }
            Some(_) => {}
            None if message["id"] == UNHEARD => {}
            // Nobody waits any more.
            None => drop(self.answers.send(message)),
        }
    }
}

/// Develops the film, and tells the page what is to be seen on it.
struct Lab {
    wire: Arc<Wire>,
    film: Arc<Mutex<Film>>,
    /// The slate and clip that the page was last told of.
    told: Option<(u32, usize)>,
}

impl Lab {
    fn run(mut self, negatives: &Receiver<Value>) {
        for message in negatives {
            if let Err(error) = self.develop(&message) {
                complain(&self.film, format!("a frame could not be read: {error:#}"));
            }
        }
    }

    fn develop(&mut self, message: &Value) -> Result<()> {
        let params = &message["params"];
        let at = params.pointer("/metadata/timestamp").and_then(Value::as_f64).context("no time")?;
        let file = BASE64.decode(params["data"].as_str().context("no picture")?.as_bytes())?;
        let Some(shot) = Shot::read(at * 1e3, file)? else { return Ok(()) };
        let news = match shot.view {
            View::Clip { clip, .. } => Some((shot.slate, clip)),
            _ => None,
        };
        if let Ok(mut film) = self.film.lock() {
            film.shots.push(shot);
        }
        if let Some((slate, clip)) = news.filter(|_| news != self.told) {
            self.told = news;
            let session = message["sessionId"].as_str().unwrap_or_default();
            let order = json!({ "expression": format!("bench.seen({slate}, {clip})") });
            self.wire.send(UNHEARD, session, "Runtime.evaluate", &order)?;
        }
        Ok(())
    }
}

fn complain(film: &Mutex<Film>, words: String) {
    if let Ok(mut film) = film.lock() {
        film.errors.push(words);
    }
}
