//! The promises of the settings, as sentences.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::reference::{Default, SETTINGS, Values};
use super::*;
use crate::catalog::Tier;
use crate::units::{MicroUsd, Millis};

fn read(settings: &Value) -> Result<Settings, Vec<SettingError>> {
    Settings::read(settings.as_object().unwrap())
}

fn told(settings: &Value) -> Vec<String> {
    read(settings).unwrap_err().iter().map(ToString::to_string).collect()
}

fn smallest() -> Value {
    json!({
        "MODE": "production",
        "TENANTS": {"shop": {"namespace": "shop"}},
        "STUDIO_URL": "https://studio.example",
    })
}

/// The smallest settings with one member set, whose path is a JSON pointer.
fn with(pointer: &str, value: Value) -> Value {
    let mut settings = smallest();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    settings.pointer_mut(parent).unwrap()[name] = value;
    settings
}

#[test]
fn the_smallest_settings_have_the_defaults_that_are_documented() {
    let settings = read(&smallest()).unwrap();
    assert_eq!(settings.mode(), Mode::Production);
    assert_eq!(settings.request_rate(), Rate { count: 10, window: Millis::seconds(60) });
    assert_eq!(settings.server_rate(), Rate { count: 600, window: Millis::seconds(60) });
    let lane = settings.lane("studio");
    assert_eq!((lane.concurrency, lane.rate), (2, Rate { count: 10, window: Millis::seconds(60) }));
    let shop = settings.tenant("shop").unwrap();
    assert_eq!((shop.id(), shop.namespace(), shop.plan()), ("shop", "shop", Tier::Free));
    assert_eq!(shop.limits().daily, MicroUsd(1_000_000));
    assert_eq!(shop.limits().characters_per_hour, 10);
    assert_eq!(shop.limits().regenerate_cooldown, Millis::seconds(86_400));
    assert_eq!(settings.provider("studio").map(|studio| studio.url.as_str()), Some("https://studio.example"));
    assert!(!settings.permits_webhook("https://hooks.example.com/"));
    assert!(settings.tenant("elsewhere").is_none());
}

#[test]
fn defaults_that_are_written_out_change_nothing() {
    for (index, plan) in ["free", "pro", "enterprise"].into_iter().enumerate() {
        let mut bare = with("/TENANTS/shop/plan", plan.into());
        let mut full = bare.clone();
        full["LANES"] = json!({"studio": {}});
        full["LIMITS"] = json!({});
        bare["LANES"] = json!({"studio": {}});
        for setting in SETTINGS {
            let default = match setting.default {
                Default::Whole(number) => number,
                Default::ByPlan(numbers) => numbers[index],
                Default::Required | Default::Words(_) => continue,
            };
            let pointer = setting.path.replace("{id}", "shop").replace("{provider}", "studio");
            let (parent, name) = pointer.rsplit_once('.').unwrap();
            full.pointer_mut(&format!("/{}", parent.replace('.', "/"))).unwrap()[name] = default.into();
        }
        assert_eq!(read(&bare).unwrap(), read(&full).unwrap(), "{full}");
    }
}

#[test]
fn every_bound_is_kept_at_both_ends() {
    for setting in SETTINGS {
        let Values::Whole(min, max) = setting.values else { continue };
        let path = setting.path.replace("{id}", "shop").replace("{provider}", "studio");
        for (value, fits) in
            [(json!(min), true), (json!(max), true), (json!(max + 1), false), (json!(-1), false)]
        {
            let mut settings = smallest();
            settings["LIMITS"] = json!({});
            settings["LANES"] = json!({"studio": {}});
            settings["GOOGLE_URL"] = "https://google.example".into();
            settings["PROMPT_WRITER"] =
                json!({"model": "scribe", "input_micro_usd": 1, "output_micro_usd": 1});
            // Out of the way of the budgets that lie inside one another.
            settings["TENANTS"]["shop"]["monthly_micro_usd"] = json!(1_000_000_000_000_u64);
            settings["TENANTS"]["shop"]["daily_micro_usd"] = json!(1_000_000_000_000_u64);
            if value == json!(0) {
                settings["TENANTS"]["shop"] = json!({"namespace": "shop"});
            }
            let (parent, name) = path.rsplit_once('.').unwrap();
            settings.pointer_mut(&format!("/{}", parent.replace('.', "/"))).unwrap()[name] = value.clone();
            match read(&settings) {
                Ok(_) => assert!(fits, "{path} took {value}"),
                Err(errors) => {
                    assert!(!fits, "{path} refused {value}: {errors:?}");
                    assert_eq!(errors.len(), 1, "{errors:?}");
                    assert_eq!(errors[0].path, path);
                    assert_eq!(errors[0].code, SettingCode::OutOfRange);
                }
            }
        }
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_what_to_do() {
    let told = told(&json!({
        "MODE": "staging",
        "TENANTS": {
            "Shop": {"namespace": "one", "plan": "Pro"},
            "game": {"namespace": "one", "daily_micro_usd": 5_000_000, "monthly_micro_usd": 2_000_000},
            "open": {"namespace": "a b"},
        },
        "LIMITS": {"requets": 10, "window_s": 0, "server_requests": "600"},
        "LANES": {"studoi": {}, "studio": {"per_minute": 1.5}},
        "WEBHOOK_HOSTS": ["https://hooks.example.com", 7],
        "STUDIO_URL": "studio.example",
        "METRIC_KEY": "x",
        "COLOUR": "red",
    }));
    let namespace = "1 to 64 letters, digits, - and _, which enter every key, so that changing them later \
                     abandons every clip; take a long random one, as of `openssl rand -hex 16`, where clips \
                     must not be guessed";
    let variables = "MODE, SECRET_KEYS, TOKEN_KEYS, WEBHOOK_SECRET, METRICS_KEY, STUDIO_KEY, BEDROCK_KEY, \
                     WAVESPEED_KEY, GOOGLE_KEY, COMFYUI_KEY, BANANA_KEY, WAVESPEED_WEBHOOK_SECRET, CATALOG, \
                     LIMITS, TENANTS, LANES, STUDIO_URL, BEDROCK_URL, WAVESPEED_URL, GOOGLE_URL, COMFYUI_URL, \
                     BANANA_URL, PROVIDERS, WEBHOOK_HOSTS, PROMPT_WRITER";
    assert_eq!(
        told,
        [
            format!("COLOUR there is no such setting here; there are {variables}"),
            "LANES.studio.per_minute must be a whole number from 1 to 10000, not 1.5".into(),
            "LANES.studoi there is no such setting; did you mean studio?".into(),
            "LIMITS.requets there is no such setting; did you mean requests?".into(),
            "LIMITS.server_requests must be a whole number from 1 to 10000, not a string".into(),
            "LIMITS.window_s must be a whole number from 1 to 3600, not 0".into(),
            "METRIC_KEY there is no such setting; did you mean METRICS_KEY?".into(),
            "MODE must be development (open without keys, on this machine only) or production".into(),
            "STUDIO_URL must be an address such as https://studio.example".into(),
            "TENANTS.Shop is no tenant's id: 1 to 32 of a-z, 0-9 and -".into(),
            "TENANTS.Shop.plan must be free, pro or enterprise; did you mean pro?".into(),
            "TENANTS.game has the namespace of another tenant, whose clips would be its own".into(),
            "TENANTS.game.daily_micro_usd is $5.00, above monthly_micro_usd, which is $2.00".into(),
            format!("TENANTS.open.namespace must be {namespace}"),
            "WEBHOOK_HOSTS.0 must be a host in lower case, such as hooks.example.com or *.example.com".into(),
            "WEBHOOK_HOSTS.1 must be a string, not a number".into(),
        ]
    );
}

#[test]
fn nothing_at_all_says_what_is_required() {
    let paths: Vec<_> = read(&json!({})).unwrap_err().into_iter().map(|e| (e.path, e.code)).collect();
    let missing = ["MODE", "STUDIO_URL", "TENANTS"].map(|path| (path.to_owned(), SettingCode::Missing));
    assert_eq!(paths, missing);
    for nobody in [json!({}), json!(null), json!({"shop": null})] {
        assert_eq!(read(&with("/TENANTS", nobody)).unwrap_err()[0].code, SettingCode::Missing);
    }
}

#[test]
fn what_a_template_leaves_empty_is_asked_for() {
    for pointer in ["/TENANTS/shop/namespace", "/STUDIO_URL", "/MODE"] {
        let errors = read(&with(pointer, "".into())).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].code, SettingCode::Unset);
        assert!(errors[0].detail.starts_with("is yours to set: "), "{}", errors[0]);
    }
}

#[test]
fn a_string_of_json_is_read_like_the_value() {
    let value = json!({"shop": {"namespace": "n", "plan": "pro"}});
    let as_string = with("/TENANTS", value.to_string().into());
    assert_eq!(read(&as_string).unwrap(), read(&with("/TENANTS", value)).unwrap());
    let errors = read(&with("/TENANTS", "{shop: 1}".into())).unwrap_err();
    assert_eq!((errors.len(), errors[0].code), (1, SettingCode::BadFormat), "{errors:?}");
}

#[test]
fn a_secret_may_stand_among_the_settings_in_development_only() {
    for name in secrets() {
        let mut settings = with(&format!("/{name}"), "do-not-tell".into());
        let errors = read(&settings).unwrap_err();
        assert_eq!((errors.len(), errors[0].code), (1, SettingCode::Secret));
        let told = errors[0].to_string();
        assert!(
            told.contains(&format!("wrangler secret put {name}")) && !told.contains("do-not-tell"),
            "{told}"
        );
        settings["MODE"] = "development".into();
        read(&settings).unwrap();
    }
}

#[test]
fn a_production_deployment_says_which_secrets_it_needs() {
    assert_eq!(read(&smallest()).unwrap().needed_secrets(), ["STUDIO_KEY", "SECRET_KEYS", "TOKEN_KEYS"]);
    let hooks = with("/WEBHOOK_HOSTS", json!(["hooks.example.com"]));
    assert!(read(&hooks).unwrap().needed_secrets().contains(&"WEBHOOK_SECRET".to_owned()));
}

#[test]
fn a_variable_that_cloudflare_would_refuse_is_refused_here() {
    let tenants: Map<String, Value> =
        (0..200).map(|n| (format!("t{n}"), json!({"namespace": format!("namespace-{n}")}))).collect();
    let errors = read(&with("/TENANTS", tenants.into())).unwrap_err();
    assert!(errors[0].path == "TENANTS" && errors[0].detail.contains("5120"), "{errors:?}");
}

#[test]
fn a_provider_is_reached_over_https_or_on_this_machine_in_development() {
    let takes = |mode: &str, url: &str| {
        let mut settings = with("/STUDIO_URL", url.into());
        settings["MODE"] = mode.into();
        read(&settings).is_ok()
    };
    for (url, in_production, in_development) in [
        ("https://studio.example", true, true),
        ("https://studio.example:8443/base/", true, true),
        ("http://127.0.0.1:8790", false, true),
        ("http://localhost:8790", false, true),
        ("http://[::1]:8790", false, true),
        ("http://studio.example", false, false),
        ("http://127.0.0.1.studio.example", false, false),
        ("https://user:word@studio.example", false, false),
        ("https://studio.example?key=1", false, false),
        ("ftp://studio.example", false, false),
        ("//studio.example", false, false),
    ] {
        assert_eq!(
            (takes("production", url), takes("development", url)),
            (in_production, in_development),
            "{url}"
        );
    }
}

#[test]
fn a_providers_other_places_and_options_are_read() {
    let told = json!({"studio": {"media": ["https://cdn.example"], "options": {"region": "us-east-1"}}});
    let settings = read(&with("/PROVIDERS", told)).unwrap();
    let studio = settings.provider("studio").unwrap();
    assert_eq!(studio.media, ["https://cdn.example"]);
    assert_eq!(studio.options["region"], "us-east-1");
}

#[test]
fn a_language_model_is_set_with_its_prices_and_where_it_is() {
    let scribe =
        json!({"model": "gemini-3.5-flash-lite", "input_micro_usd": 300_000, "output_micro_usd": 2_500_000});
    let mut settings = with("/PROMPT_WRITER", scribe.clone());
    settings["GOOGLE_URL"] = "https://google.example".into();
    let known = read(&settings).unwrap();
    let writer = known.prompt_writer().unwrap();
    assert_eq!(writer.model, "gemini-3.5-flash-lite");
    // 200 tokens told and 40 said: 60 and 100 millionths of a dollar.
    assert_eq!(writer.cost(200, 40), MicroUsd(160));
    assert_eq!(writer.cost(1, 0), MicroUsd(1), "a part of one counts as a whole");
    assert!(writer.most(800) >= writer.cost(800, 2_048));
    assert_eq!(read(&smallest()).unwrap().prompt_writer(), None);

    assert_eq!(
        told(&with("/PROMPT_WRITER", scribe)),
        ["PROMPT_WRITER needs GOOGLE_URL, where the language model is"]
    );
    settings["PROMPT_WRITER"] = json!({"model": "../../keys", "output_micro_usd": -1});
    assert_eq!(
        told(&settings),
        [
            "PROMPT_WRITER.input_micro_usd is required: without a price no budget could hold",
            "PROMPT_WRITER.model must be the id of a language model, such as gemini-3.5-flash-lite",
            "PROMPT_WRITER.output_micro_usd must be a whole number from 0 to 1000000000000, not -1",
        ]
    );
}

#[test]
fn an_option_is_short_unless_it_holds_a_workflow() {
    let options = |name: &str, chars: usize| {
        with("/PROVIDERS", json!({"studio": {"options": {name: "x".repeat(chars)}}}))
    };
    for (name, most) in [("region", 512), ("template_image_to_video", 5_000)] {
        let settings = read(&options(name, most)).unwrap();
        assert_eq!(settings.provider("studio").unwrap().options[name].len(), most);
    }
    for (name, chars, why) in [
        ("region", 513, "has more than 512 characters"),
        // A variable holds no more.
        ("template_image_to_video", 5_121, "a worker's variable holds 5120"),
    ] {
        let told = told(&options(name, chars));
        assert!(told[0].contains(why), "{told:?}");
    }
}

#[test]
fn a_providers_other_places_are_as_safe_as_its_own() {
    for (place, why) in [
        (json!("http://cdn.example"), "must be https"),
        (json!("https://me:too@cdn.example"), "holds credentials"),
        (json!(7), "must be a string"),
    ] {
        let told = told(&with("/PROVIDERS", json!({"studio": {"media": [place]}})));
        assert!(told[0].starts_with("PROVIDERS.studio.media.0 ") && told[0].contains(why), "{told:?}");
    }
    let told = told(&with(
        "/PROVIDERS",
        json!({"studio": {"options": {"api_secret": "x", "a b": "y"}}, "studioo": {}}),
    ));
    assert!(told[0].starts_with("PROVIDERS.studio.options.a b must have a name"), "{told:?}");
    assert!(told[1].starts_with("PROVIDERS.studio.options.api_secret sounds like a secret"), "{told:?}");
    assert!(told[2].contains("did you mean studio?"), "{told:?}");
}

#[test]
fn entries_of_the_catalogue_that_cannot_be_used_are_refused() {
    let price = json!({"models": [{"id": "studio-character-1", "label": "ours"}]});
    assert!(read(&with("/CATALOG", price)).is_ok());
    for wrong in [json!([]), json!({"models": [{}]}), json!({"models": [{"id": "x", "like": "nobody"}]})] {
        let told = told(&with("/CATALOG", wrong.clone()));
        assert!(told[0].starts_with("CATALOG "), "{wrong}: {told:?}");
    }
}

#[test]
fn webhooks_go_to_listed_hosts_only() {
    let mut settings = with("/WEBHOOK_HOSTS", json!(["hooks.example.com", "*.shop.example"]));
    let goes = |settings: &Value, address: &str| read(settings).unwrap().permits_webhook(address);
    for address in
        ["https://hooks.example.com/a?b", "https://HOOKS.example.com", "https://eu.a.shop.example/"]
    {
        assert!(goes(&settings, address), "{address}");
    }
    for address in [
        "http://hooks.example.com/",
        "https://shop.example/",
        "https://evilshop.example/",
        "https://.shop.example/",
        "https://hooks.example.com.evil.example/",
        "https://hooks.example.com@evil.example/",
        "https://user@hooks.example.com/",
        "https://127.0.0.1/",
        "file:///hooks.example.com",
        "hooks.example.com",
    ] {
        assert!(!goes(&settings, address), "{address}");
    }
    settings["MODE"] = "development".into();
    assert!(goes(&settings, "http://hooks.example.com/") && !goes(&settings, "http://localhost/"));
    settings["WEBHOOK_HOSTS"] = json!(["localhost"]);
    assert!(goes(&settings, "http://localhost:9000/hook"));
    settings["MODE"] = "production".into();
    assert!(told(&settings)[0].contains("in development only"));
}

#[test]
fn a_host_that_is_no_public_name_is_refused_in_production() {
    for host in [
        "*",
        "*.com",
        "*.*.example",
        "10.0.0.1",
        "[::1]",
        "intranet",
        "a..b",
        "-a.example",
        "Hooks.example",
        "",
    ] {
        assert!(read(&with("/WEBHOOK_HOSTS", json!([host]))).is_err(), "{host}");
    }
}

/// JSON that is sometimes nearly right.
fn nearly() -> impl Strategy<Value = Value> {
    let names: Vec<String> = SETTINGS
        .iter()
        .map(|setting| setting.name().to_owned())
        .chain(variables())
        .chain(secrets())
        .chain(["studio", "shop", "LIMITS", "LANES"].map(str::to_owned))
        .collect();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u64..2_000_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec!["production", "development", "pro", "https://a.example", "{}", "shop"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        let name = prop_oneof![9 => prop::sample::select(names.clone()), 1 => any::<String>()];
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => prop::collection::btree_map(name, inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_settings_make_the_reader_panic_and_each_mistake_is_told_once(
        found in nearly(), tenants in nearly(), limits in nearly(), lanes in nearly(),
    ) {
        let mut settings = found.as_object().cloned().unwrap_or_default();
        for (name, value) in [("TENANTS", tenants), ("LIMITS", limits), ("LANES", lanes)] {
            settings.entry(name).or_insert(value);
        }
        if let Err(errors) = Settings::read(&settings) {
            prop_assert!(!errors.is_empty());
            let paths: BTreeSet<&str> = errors.iter().map(|error| error.path.as_str()).collect();
            prop_assert_eq!(paths.len(), errors.len(), "{:?}", errors);
        }
    }

    #[test]
    fn no_accepted_budget_is_larger_than_the_one_around_it(
        plan in prop::sample::select(vec!["free", "pro", "enterprise"]),
        monthly in prop::option::of(0u64..4_000_000_000),
        daily in prop::option::of(0u64..4_000_000_000),
        speculation in prop::option::of(0u64..4_000_000_000),
    ) {
        let members = [
            ("monthly_micro_usd", monthly), ("daily_micro_usd", daily), ("speculation_daily_micro_usd", speculation),
        ];
        let mut settings = with("/TENANTS/shop/plan", plan.into());
        for (name, amount) in members {
            settings["TENANTS"]["shop"][name] = amount.into();
        }
        if let Ok(settings) = read(&settings) {
            let limits = settings.tenant("shop").unwrap().limits();
            prop_assert!(limits.speculation_daily <= limits.daily && limits.daily <= limits.monthly);
            prop_assert!(monthly.is_none_or(|amount| limits.monthly == MicroUsd(amount)));
            prop_assert!(daily.is_none_or(|amount| limits.daily == MicroUsd(amount)));
        }
    }

    #[test]
    fn a_setting_with_one_slip_is_recognised(index in 0..SETTINGS.len(), at in 0usize..40, swap: bool) {
        let name = SETTINGS[index].name();
        prop_assume!(!name.contains('{') && name.len() > 3);
        let mut letters: Vec<char> = name.chars().collect();
        let at = at % (letters.len() - 1);
        if swap { letters.swap(at, at + 1) } else { letters.remove(at); }
        let slip: String = letters.into_iter().collect();
        prop_assume!(slip != name);
        let known = [name, "unlike-any-other"];
        prop_assert_eq!(members::closest(&slip, &known), Some(name));
    }
}
