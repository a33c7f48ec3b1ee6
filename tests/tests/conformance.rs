//! The studio as every vendor, judged by the vendors' own clients: each script of `tests/conformance`
//! generates, polls, downloads and decodes through an SDK that is not ours.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use cuelight_tests::package::repository;
use cuelight_tests::process::{Group, path_from_env};
use tokio::process::Command;

/// No script takes longer than this.
const LONGEST: Duration = Duration::from_secs(300);

/// Runs a script against a studio of its own, a hundred times faster than the vendors.
async fn judged_by(script: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut studio = Command::new(path_from_env("CUELIGHT_STUDIO"));
    studio.args(["--port", "0", "--delay-scale", "0.01"]);
    let ready = |line: &str| line.strip_prefix("studio ready at ").map(|url| url.trim().to_owned());
    let (_studio, origin) = Group::start_and_read(studio, &folder.path().join("studio.log"), ready).await;
    let told = run(script, &[], &origin).await;
    println!("{told}");
    assert!(told.contains("\nRan ") && !told.contains("\nRan 0 "), "{script} ran no test");
}

/// What a script says; it must succeed.
async fn run(script: &str, arguments: &[&str], origin: &str) -> String {
    let file: PathBuf = repository().join("tests/conformance").join(script);
    let command = Command::new(path_from_env("CUELIGHT_VENDORS_PYTHON"))
        .arg(file)
        .args(arguments)
        .env("CUELIGHT_STUDIO_URL", origin)
        // No file of this user's, and no machine's metadata, has a say in it.
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(LONGEST, command).await.expect("done in time").expect("python starts");
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(output.status.success(), "{script}:\n{told}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_gets_pictures_and_films_and_the_errors_it_knows() {
    judged_by("bedrock.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn google_genai_gets_pictures_and_clips_and_the_errors_it_knows() {
    judged_by("gemini.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_signatures_is_what_botocore_signs() {
    let told = run("sigv4.py", &["--check"], "").await;
    assert!(told.contains("agree with botocore"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wavespeeds_client_gets_clips_uploads_and_polls_and_never_submits_twice() {
    judged_by("wavespeed_sdk.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comfyui_is_used_as_its_own_examples_use_it() {
    judged_by("comfyui.py").await;
}
