//! Pictures and sound that are uploaded, made on the spot, and how they are uploaded.

use std::io::Cursor;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{Answer, World};

/// A picture of one colour.
pub fn png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a picture");
    writer.write_image_data(&colour.repeat((width * height) as usize)).expect("a picture");
    drop(writer);
    file.into_inner()
}

/// A hum of `ms` milliseconds, one byte a sample.
pub fn wav(ms: u32) -> Vec<u8> {
    let samples = ms * 8;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + samples).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(8_000_u32.to_le_bytes());
    bytes.extend(8_000_u32.to_le_bytes());
    bytes.extend(b"\x01\0\x08\0data");
    bytes.extend(samples.to_le_bytes());
    bytes.extend((0..samples).map(|n| if n / 40 % 2 == 0 { 120 } else { 136 }));
    bytes
}

/// Uploads `bytes`, said to be of `media_type`.
pub async fn upload(world: &World, query: &str, media_type: &str, bytes: Vec<u8>) -> Answer {
    let request = world.http.post(world.at(&format!("/api/v1/assets{query}")));
    Answer::to(request.header("content-type", media_type).body(bytes)).await
}

/// Uploads `bytes`. Answers with their name, as a job takes it.
pub async fn asset(world: &World, media_type: &str, bytes: Vec<u8>) -> Value {
    let answer = upload(world, "", media_type, bytes).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
    json!({"asset": answer.json["asset"]})
}
