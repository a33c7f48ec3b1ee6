//! A real Chromium, driven by chromedriver, with a recorder for what its pages ask the network.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::prelude::*;
use tokio::process::Command;

use crate::process::{Group, free_port, path_from_env};
use crate::world::PATIENCE;

/// Remembers every request a page makes by `fetch`, by method and address, and every error it
/// reports, before any script of its own runs.
const RECORDER: &str = r"
  window.__requests = [];
  window.__errors = [];
  addEventListener('error', (event) => window.__errors.push(String(event.message)));
  addEventListener('unhandledrejection', (event) => window.__errors.push(String(event.reason)));
  addEventListener('cuelight-error', (event) => window.__errors.push(JSON.stringify(event.detail)));
  const original = window.fetch;
  window.fetch = function (input, init) {
    // Looked at only: building another Request from it would take its body away.
    const method = init?.method ?? input.method ?? 'GET';
    window.__requests.push({ method, url: input.url ?? String(input) });
    return original.call(this, input, init);
  };
";

/// A browser window.
#[derive(Debug)]
pub struct Browser {
    /// The WebDriver session.
    pub driver: WebDriver,
    _chromedriver: Group,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens a window of `width` x `height` px with a fresh profile. `flags` are further Chromium
    /// switches, for instance `--force-prefers-reduced-motion`.
    pub async fn open(width: u32, height: u32, flags: &[&str]) -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let mut command = Command::new(path_from_env("CUELIGHT_CHROMEDRIVER"));
        command.arg(format!("--port={port}"));
        let chromedriver = Group::start(command, &profile.path().join("chromedriver.log"));
        let origin = format!("http://127.0.0.1:{port}");

        let mut capabilities = DesiredCapabilities::chrome();
        capabilities.set_binary(&path_from_env("CUELIGHT_CHROMIUM").to_string_lossy()).expect("a binary");
        let data = format!("--user-data-dir={}", profile.path().join("data").display());
        let size = format!("--window-size={width},{height}");
        for flag in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--autoplay-policy=no-user-gesture-required",
            "--hide-scrollbars",
            &data,
            &size,
        ]
        .iter()
        .chain(flags)
        {
            capabilities.add_arg(flag).expect("a flag");
        }
        let started = Instant::now();
        let driver = loop {
            match WebDriver::new(&origin, capabilities.clone()).await {
                Ok(driver) => break driver,
                Err(e) if started.elapsed() > PATIENCE => panic!("chromedriver: {e}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        };
        let browser = Self { driver, _chromedriver: chromedriver, _profile: profile };
        let tools = browser.driver.cdp();
        tools
            .send_raw("Page.addScriptToEvaluateOnNewDocument", json!({ "source": RECORDER }))
            .await
            .expect("a recorder");
        tools
            .send_raw(
                "Emulation.setDeviceMetricsOverride",
                json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}),
            )
            .await
            .expect("a viewport");
        browser
    }

    /// Has pages believe that the system prefers `value` in the media feature `name`.
    pub async fn prefer(&self, name: &str, value: &str) {
        let features = json!({ "features": [{ "name": name, "value": value }] });
        let sent = self.driver.cdp().send_raw("Emulation.setEmulatedMedia", features).await;
        sent.expect("an emulated preference");
    }

    /// Loads `url`.
    pub async fn goto(&self, url: &str) {
        self.driver.goto(url).await.expect("the page loads");
    }

    /// Runs `script` and returns what it returns.
    pub async fn run(&self, script: &str) -> Value {
        let answer = self.driver.execute(script, Vec::new()).await;
        answer.unwrap_or_else(|e| panic!("{e}\nin {script}")).json().clone()
    }

    /// Waits until `condition`, a JavaScript expression, is truthy, and returns its value.
    pub async fn until(&self, condition: &str) -> Value {
        self.until_within(condition, PATIENCE).await
    }

    /// The same, with a limit of its own.
    pub async fn until_within(&self, condition: &str, limit: Duration) -> Value {
        let started = Instant::now();
        loop {
            let value = self.run(&format!("return ({condition});")).await;
            if !matches!(value, Value::Null | Value::Bool(false)) && value != json!(0) && value != json!("") {
                return value;
            }
            if started.elapsed() >= limit {
                self.screenshot("when-it-failed").await;
                let seen = self.run("return { errors: window.__errors, requests: window.__requests };").await;
                panic!("never became true: {condition}\n{seen:#}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The element with this `data-testid`.
    pub async fn find(&self, test_id: &str) -> WebElement {
        let by = By::Css(format!("[data-testid='{test_id}']"));
        self.driver.query(by).first().await.unwrap_or_else(|e| panic!("{test_id}: {e}"))
    }

    /// Every request that the page has made by `fetch` since it was loaded, as `METHOD url`.
    pub async fn requests(&self) -> Vec<String> {
        let list = self.run("return window.__requests.map(r => r.method + ' ' + r.url);").await;
        list.as_array().expect("a list").iter().map(|v| v.as_str().expect("text").to_owned()).collect()
    }

    /// Writes what the window shows to `{screenshots}/{name}.png`, for a person to look at.
    pub async fn screenshot(&self, name: &str) -> Vec<u8> {
        let png = self.driver.screenshot_as_png().await.expect("a screenshot");
        let folder: PathBuf = path_from_env("CUELIGHT_SCREENSHOTS");
        std::fs::create_dir_all(&folder).expect("a folder for screenshots");
        std::fs::write(folder.join(format!("{name}.png")), &png).expect("a screenshot on disk");
        png
    }

    /// Closes the window.
    pub async fn close(self) {
        let _ = self.driver.quit().await;
    }
}
