//! Who makes a clip of a character in a deployment that has some providers and lacks others.

use super::*;

/// Checks where these providers are set up and no other.
fn check_with(providers: &[&str], body: &Value) -> Result<ValidJob, Vec<FieldError>> {
    let providers: BTreeSet<String> = providers.iter().map(|name| (*name).to_owned()).collect();
    validate_in(body, "n", &Surroundings { providers: Some(&providers), ..around() })
}

fn of(provider: &str, body: Value) -> Value {
    with(body, "/provider_id", json!(provider))
}

#[test]
fn a_character_is_made_by_whoever_is_set_up() {
    let all = ["studio", "bedrock", "google", "wavespeed", "comfyui", "banana"];
    for operation in Operation::OF_PAGES {
        let plain = body(operation);
        let pictured = with(plain.clone(), "/params/base_image", picture());
        let own = check_with(&["studio"], &plain).unwrap();
        assert!(own.spec.clip().is_some() && own.choice.is_none());
        assert_eq!(check_with(&all, &plain).unwrap().spec, own.spec, "nobody was named");
        for (providers, asked, serving, made) in [
            (&["google"][..], plain.clone(), "google", Operation::TextToVideo),
            (&["google", "wavespeed"], plain.clone(), "google", Operation::TextToVideo),
            (&["comfyui"], plain.clone(), "comfyui", Operation::TextToVideo),
            (&["google"], pictured.clone(), "google", Operation::ImageToVideo),
            (&all, of("comfyui", plain.clone()), "comfyui", Operation::TextToVideo),
            (&["comfyui"], of("comfyui", plain.clone()), "comfyui", Operation::TextToVideo),
            (&all, of("google", plain.clone()), "google", Operation::TextToVideo),
            (&all, of("comfyui", pictured), "comfyui", Operation::ImageToVideo),
            // An alias without models of its own stands for whoever can.
            (&["google"], of("pixverse", plain.clone()), "google", Operation::TextToVideo),
        ] {
            let job =
                check_with(providers, &asked).unwrap_or_else(|e| panic!("{asked} by {providers:?}: {e:?}"));
            let order = job.spec.order();
            assert_eq!(
                (job.spec.provider(), order.operation),
                (Some(serving), made),
                "{asked} by {providers:?}"
            );
            assert_eq!(job.spec.operation(), operation);
            assert!(job.spec.clip().is_none() && job.subject.is_some() && job.choice.is_some());
            let others = job.stand_ins.iter().map(|spec| spec.provider().unwrap());
            assert!(others.clone().all(|other| providers.contains(&other)), "{providers:?}");
        }
        // Whoever stands for another that is not here, and for one of which nobody knows.
        for alias in ["comfyui", "npc_response", "pixverse"] {
            let asked = of(alias, plain.clone());
            assert_eq!(check_with(&["studio", "google"], &asked).unwrap().spec, own.spec, "{alias}");
            assert_eq!(check(&asked).unwrap().spec, own.spec, "{alias}");
        }
    }
}

#[test]
fn who_is_missing_is_told_before_anything_is_spent() {
    let voices = "BEDROCK_URL, COMFYUI_URL, GOOGLE_URL, STUDIO_URL, WAVESPEED_URL";
    for operation in Operation::OF_PAGES {
        let plain = body(operation);
        let name = operation.as_str();
        let model = with(plain.clone(), "/model", json!("studio-character-1"));
        for (providers, asked, pointer, detail) in [
            (
                &[][..],
                plain.clone(),
                "/operation_type",
                format!("whoever could make {name} is not set up in this deployment; missing: {voices}"),
            ),
            (
                &["banana"],
                plain.clone(),
                "/operation_type",
                format!("whoever could make {name} is not set up in this deployment; missing: {voices}"),
            ),
            (
                &["google"],
                of("studio", plain.clone()),
                "/provider_id",
                "studio is not set up in this deployment: STUDIO_URL is missing".to_owned(),
            ),
            (
                &["google"],
                of("comfyui", plain.clone()),
                "/provider_id",
                format!("whoever could make {name} is not set up in this deployment; missing: COMFYUI_URL"),
            ),
            (
                &["google"],
                model,
                "/model",
                "studio-character-1 is of studio, which is not set up in this deployment: STUDIO_URL is missing"
                    .to_owned(),
            ),
        ] {
            let told = check_with(providers, &asked).unwrap_err();
            let told: Vec<(&str, &str)> = told.iter().map(|e| (e.pointer.as_str(), e.detail.as_str())).collect();
            assert_eq!(told, [(pointer, detail.as_str())], "{asked} by {providers:?}");
        }
    }
    let picture = with(body(Operation::CallImage), "/provider_id", json!("banana"));
    let told = check_with(&["google"], &picture).unwrap_err();
    assert!(told[0].detail.ends_with("missing: BANANA_URL"), "{told:?}");
}
