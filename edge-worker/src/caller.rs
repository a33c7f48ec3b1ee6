//! Who calls: a server with a secret key, a page with a token, or anybody while the edge is in
//! development. What each may do is decided by `core`; here it is only read off the request.

use cuelight_core::auth::AuthError;
use cuelight_core::auth::claims::Claims;
use cuelight_core::auth::secret_key::{Entry, PREFIX, Right};
use cuelight_core::auth::token;
use cuelight_core::limiter::Rate;
use cuelight_core::problem::{Code, Problem};
use cuelight_core::settings::Tenant;
use cuelight_core::units::MicroUsd;
use url::Host;

use crate::error::Failure;
use crate::router::Call;
use crate::settings::{self, Deployment};

/// The subprotocol that a socket speaks. A page shows its token as a second one, since a browser
/// sends no header with a socket and an address ends up in logs.
pub(crate) const SUBPROTOCOL: &str = "cuelight.v1";
/// What stands before a token among the subprotocols.
const BEARER_SUBPROTOCOL: &str = "bearer.";

/// Who calls.
pub(crate) enum Who {
    /// Anybody, in development.
    Anybody,
    /// A server.
    Server(&'static Entry),
    /// A page or a player.
    Page(Box<Claims>),
}

/// A caller, and the tenant it belongs to.
pub(crate) struct Caller {
    pub(crate) who: Who,
    pub(crate) deployment: &'static Deployment,
    pub(crate) tenant: &'static Tenant,
}

impl Caller {
    /// Reads who calls.
    ///
    /// # Errors
    /// 401 without a good key or token, 403 from an origin that the token is not for.
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        let deployment = settings::deployment(&call.env)?;
        let who = match presented(call) {
            None if deployment.is_development() => Who::Anybody,
            None => {
                let detail = "Send a key or a token in Authorization: Bearer …; your server mints tokens with \
                              POST /api/v1/tokens.";
                return Err(Failure::new(Code::Unauthorized, detail).with("www-authenticate", "Bearer"));
            }
            Some(key) if key.starts_with(PREFIX) => {
                Who::Server(deployment.keys.authenticate(&key, settings::now()).map_err(refused)?)
            }
            Some(text) => {
                let signing = deployment.signing.as_ref().ok_or(AuthError::BadSignature).map_err(refused)?;
                let claims = token::verify(signing, &text, settings::now()).map_err(refused)?;
                if !claims.permits_origin(origin(call).as_deref()) {
                    let detail = "The token is for other origins than this page's.";
                    return Err(Failure::new(Code::Forbidden, detail));
                }
                Who::Page(Box::new(claims))
            }
        };
        let tenant = match &who {
            Who::Anybody => deployment.tenant("")?,
            Who::Server(entry) => deployment.tenant(&entry.tenant)?,
            Who::Page(claims) => deployment.tenant(&claims.tenant)?,
        };
        Ok(Self { who, deployment, tenant })
    }

    /// Refuses whoever is no server with this right. In development anybody has it.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn require(&self, right: Right) -> Result<(), Failure> {
        match &self.who {
            Who::Anybody => Ok(()),
            Who::Server(entry) => entry.require(right).map_err(refused),
            Who::Page(_) => Err(Failure::new(Code::Forbidden, "A token may not do that; use a secret key.")),
        }
    }

    /// Refuses a server that may not ask for clips. A page may by its token.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn require_jobs(&self) -> Result<(), Failure> {
        match &self.who {
            Who::Server(entry) => entry.require(Right::Jobs).map_err(refused),
            Who::Anybody | Who::Page(_) => Ok(()),
        }
    }

    /// Which session the call belongs to, with the tenant before it.
    ///
    /// # Errors
    /// 422 for a name that is none.
    pub(crate) fn session(&self, call: &Call) -> Result<String, Failure> {
        let tenant = self.tenant.id();
        if let Who::Page(claims) = &self.who {
            return Ok(token_session(tenant, &claims.id));
        }
        let Some(name) = named_session(call)? else {
            return Ok(match &self.who {
                Who::Server(entry) => format!("{tenant}/key/{}", entry.id),
                _ => format!("{tenant}/address/{}", call.header("cf-connecting-ip").unwrap_or_default()),
            });
        };
        Ok(format!("{tenant}/page/{name}"))
    }

    /// How many requests its session may make.
    pub(crate) fn rate(&self, call: &Call) -> Rate {
        let settings = &self.deployment.settings;
        match &self.who {
            Who::Page(claims) => claims.requests.unwrap_or(settings.request_rate()),
            // A server that names a player is limited as that player.
            Who::Server(_) if matches!(named_session(call), Ok(None)) => settings.server_rate(),
            _ => settings.request_rate(),
        }
    }

    /// What it may spend in all.
    pub(crate) fn allowance(&self) -> Option<MicroUsd> {
        match &self.who {
            Who::Page(claims) => Some(claims.budget),
            _ => None,
        }
    }
}

/// The session of the token with this id.
pub(crate) fn token_session(tenant: &str, id: &str) -> String {
    format!("{tenant}/token/{id}")
}

/// Refuses a development edge that is reached by anything but this machine's own names: it is open,
/// and must not be so for others.
///
/// # Errors
/// 503.
pub(crate) fn keep_development_local(call: &Call) -> Result<(), Failure> {
    if !settings::deployment(&call.env)?.is_development() {
        return Ok(());
    }
    let url = call.request.url()?;
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if is_local && call.header("cf-ray").is_none() {
        return Ok(());
    }
    let detail = "MODE is development, which is open without keys and therefore answers on localhost only. \
                  Set MODE to production; docs/operations.md says how.";
    Err(Failure::new(Code::DevelopmentOnly, detail))
}

/// The session that a caller names by itself. A bad name is told even where a good one hides it.
fn named_session(call: &Call) -> Result<Option<String>, Failure> {
    let (header, query) = (call.header("x-cuelight-session"), call.query("session"));
    let fits = |name: &String| {
        (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    };
    if header.iter().chain(&query).all(fits) {
        return Ok(header.or(query));
    }
    let detail = "A session is named by 1 to 64 characters of A-Z, a-z, 0-9, _ and -.";
    Err(Failure::new(Code::InvalidRequest, detail))
}

/// The key or token that a request shows.
fn presented(call: &Call) -> Option<String> {
    if let Some(header) = call.header("authorization") {
        let (scheme, rest) = header.split_once(' ').unwrap_or((header.as_str(), ""));
        return Some(if scheme.eq_ignore_ascii_case("bearer") {
            rest.trim().to_owned()
        } else {
            String::new()
        });
    }
    let protocols = call.header("sec-websocket-protocol")?;
    protocols.split(',').find_map(|name| name.trim().strip_prefix(BEARER_SUBPROTOCOL)).map(str::to_owned)
}

/// Where the page is. A browser leaves the header away on a GET to the page's own origin, and says
/// so by another one.
fn origin(call: &Call) -> Option<String> {
    call.header("origin").or_else(|| {
        let own = call.header("sec-fetch-site").is_some_and(|site| site == "same-origin");
        own.then(|| call.request.url().ok().map(|url| url.origin().ascii_serialization())).flatten()
    })
}

/// Why a key or token is not taken.
pub(crate) fn refused(error: AuthError) -> Failure {
    let problem = Problem::from(error);
    let unauthorized = problem.status == 401;
    let failure = Failure::from(problem);
    if unauthorized { failure.with("www-authenticate", "Bearer") } else { failure }
}
