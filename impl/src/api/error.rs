//! The one table from a refusal or a fault to a status, a code and what the client may read.

use generated::door;
use generated::models::{
    Error, ErrorCode, ErrorDetails, OAuthError, OAuthErrorCode, Violation, ViolationLocation,
};
use http::{HeaderValue, StatusCode};

use crate::domain::policy::IDP_ADMIN;
use crate::domain::refusal::{Fault, NotPermitted, Refusal, TokenFlaw};

/// The protection space that challenges name (RFC 9110 §11.5).
const REALM: &str = "agentidp";

/// Why a request gets no other answer: all that an operation can be stopped by.
#[derive(Debug)]
pub enum Refused {
    /// The generated layer would not let it in.
    Door(door::Refusal),
    /// The domain refused.
    Domain(Refusal),
    /// Something of ours failed.
    Fault(Fault),
    /// The headers have more bytes than the server reads.
    HeadersTooLarge,
    /// The body did not arrive in time.
    BodyTooSlow,
    /// There is no room for one more request, or its time is over.
    Overloaded,
    /// A panic, which the log has.
    Panic,
}

impl From<door::Refusal> for Refused {
    fn from(refusal: door::Refusal) -> Self {
        Self::Door(refusal)
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Domain(refusal)
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A refusal on its way out: what the client may read.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// The code in the registry's error shape.
    pub code: ErrorCode,
    /// The code in the error shape of RFC 6749 §5.2.
    pub oauth: OAuthErrorCode,
    /// What to do about it: printable ASCII without double quotes and backslashes.
    pub message: String,
    /// The rules of the specification that the request broke.
    pub violations: Vec<Violation>,
    /// What a bearer challenge says beside the realm (RFC 6750 §3).
    pub bearer: BearerChallenge,
    /// After how many seconds trying again makes sense.
    pub retry_after: u32,
    /// The request's id.
    pub request_id: String,
}

/// What a bearer challenge says beside the realm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BearerChallenge {
    /// Nothing: no token was presented (RFC 6750 §3.1).
    Bare,
    /// The token proves nothing.
    InvalidToken,
    /// The token's scope does not reach; this one would.
    InsufficientScope(String),
}

impl Problem {
    /// Looks a refusal up in the table.
    pub fn new(refused: &Refused, request_id: &str) -> Self {
        use ErrorCode as C;
        use OAuthErrorCode as O;
        let (status, code, oauth, message): (StatusCode, C, O, String) = match refused {
            Refused::Door(refusal) => return Self::at_the_door(refusal, request_id),
            Refused::Domain(refusal) => {
                let (status, code, oauth) = match refusal {
                    Refusal::AgentNotFound => (StatusCode::NOT_FOUND, C::AgentNotFound, O::InvalidRequest),
                    Refusal::AgentAlreadyExists => {
                        (StatusCode::CONFLICT, C::AgentAlreadyExists, O::InvalidRequest)
                    }
                    Refusal::CredentialNotFound => {
                        (StatusCode::NOT_FOUND, C::CredentialNotFound, O::InvalidRequest)
                    }
                    Refusal::TileNotFound => (StatusCode::NOT_FOUND, C::NotFound, O::InvalidRequest),
                    Refusal::EventNotFound | Refusal::EventNotInLog => {
                        (StatusCode::NOT_FOUND, C::AuditEventNotFound, O::InvalidRequest)
                    }
                    Refusal::PreconditionFailed => {
                        (StatusCode::PRECONDITION_FAILED, C::PreconditionFailed, O::InvalidRequest)
                    }
                    Refusal::AgentConflict(_) => (StatusCode::CONFLICT, C::AgentConflict, O::InvalidRequest),
                    Refusal::CredentialConflict(_) => {
                        (StatusCode::CONFLICT, C::CredentialConflict, O::InvalidRequest)
                    }
                    Refusal::IdempotencyConflict(_) => {
                        (StatusCode::CONFLICT, C::IdempotencyConflict, O::InvalidRequest)
                    }
                    Refusal::TokenNotYours => (StatusCode::BAD_REQUEST, C::ValidationError, O::InvalidGrant),
                    Refusal::NotPermitted(_) | Refusal::InsufficientScope { .. } => {
                        (StatusCode::FORBIDDEN, C::AuthorizationError, O::UnauthorizedClient)
                    }
                    Refusal::InvalidToken(_) => {
                        (StatusCode::UNAUTHORIZED, C::AuthenticationError, O::InvalidGrant)
                    }
                    Refusal::InvalidClient(_) => {
                        (StatusCode::UNAUTHORIZED, C::AuthenticationError, O::InvalidClient)
                    }
                    Refusal::Invalid(_) | Refusal::InvalidRequest(_) => {
                        (StatusCode::BAD_REQUEST, C::ValidationError, O::InvalidRequest)
                    }
                    Refusal::UnsupportedGrantType => {
                        (StatusCode::BAD_REQUEST, C::ValidationError, O::UnsupportedGrantType)
                    }
                    Refusal::InvalidScope(_) => {
                        (StatusCode::BAD_REQUEST, C::ValidationError, O::InvalidScope)
                    }
                    Refusal::InvalidTarget(_) => {
                        (StatusCode::BAD_REQUEST, C::ValidationError, O::InvalidTarget)
                    }
                    Refusal::RateLimited(_) => {
                        (StatusCode::TOO_MANY_REQUESTS, C::RateLimitExceeded, O::TemporarilyUnavailable)
                    }
                    Refusal::Overloaded | Refusal::Stale => {
                        (StatusCode::SERVICE_UNAVAILABLE, C::ServiceUnavailable, O::TemporarilyUnavailable)
                    }
                };
                (status, code, oauth, refusal.message())
            }
            Refused::Fault(fault) if fault.is_unavailable() => Self::unavailable(),
            Refused::Overloaded => Self::unavailable(),
            Refused::Fault(_) | Refused::Panic => {
                let message = "The server failed; quote the request id when you report this.".to_owned();
                (StatusCode::INTERNAL_SERVER_ERROR, C::InternalError, O::ServerError, message)
            }
            Refused::HeadersTooLarge => {
                let message = "The headers of the request are too large.".to_owned();
                let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                (status, C::RequestHeaderFieldsTooLarge, O::InvalidRequest, message)
            }
            Refused::BodyTooSlow => {
                let message = "The body did not arrive in time.".to_owned();
                (StatusCode::REQUEST_TIMEOUT, C::RequestTimeout, O::InvalidRequest, message)
            }
        };
        let bearer = match refused {
            Refused::Domain(Refusal::InvalidToken(TokenFlaw::Missing)) => BearerChallenge::Bare,
            Refused::Domain(Refusal::InvalidToken(_)) => BearerChallenge::InvalidToken,
            Refused::Domain(Refusal::InsufficientScope { required }) => {
                let scopes: Vec<&str> = required.iter().map(|scope| scope.0.as_str()).collect();
                BearerChallenge::InsufficientScope(scopes.join(" "))
            }
            Refused::Domain(Refusal::NotPermitted(NotPermitted::OtherOwner)) => {
                BearerChallenge::InsufficientScope(IDP_ADMIN.to_owned())
            }
            Refused::Domain(Refusal::NotPermitted(NotPermitted::ReservedCapabilityNotHeld(capability))) => {
                BearerChallenge::InsufficientScope(capability.0.clone())
            }
            _ => BearerChallenge::Bare,
        };
        let violations = match refused {
            Refused::Domain(Refusal::Invalid(violations)) => violations.iter().map(violation).collect(),
            _ => Vec::new(),
        };
        let retry_after = match refused {
            Refused::Domain(refusal) => refusal.retry_after_seconds().unwrap_or(1),
            _ => 1,
        };
        let request_id = request_id.to_owned();
        Self { status, code, oauth, message, violations, bearer, retry_after, request_id }
    }

    fn unavailable() -> (StatusCode, ErrorCode, OAuthErrorCode, String) {
        let message = "The server cannot answer now; try again later.".to_owned();
        let oauth = OAuthErrorCode::TemporarilyUnavailable;
        (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::ServiceUnavailable, oauth, message)
    }

    fn at_the_door(refusal: &door::Refusal, request_id: &str) -> Self {
        use door::Refusal as R;
        let mut violations = Vec::new();
        let (status, code, message) = match refusal {
            R::UnknownPath => (
                StatusCode::NOT_FOUND,
                ErrorCode::NotFound,
                "There is nothing at this path; /api-docs lists what there is.".to_owned(),
            ),
            R::WrongMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                ErrorCode::MethodNotAllowed,
                "This path does not have this method; Allow lists those it has.".to_owned(),
            ),
            R::UnsupportedMediaType { expected } => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                ErrorCode::UnsupportedMediaType,
                format!("Send the body as {expected}."),
            ),
            R::BodyTooLarge { limit } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                ErrorCode::PayloadTooLarge,
                format!("The body is larger than {limit} bytes."),
            ),
            R::BodyUnreadable => {
                (StatusCode::BAD_REQUEST, ErrorCode::ValidationError, "The body broke off.".to_owned())
            }
            R::SeveralClientAuthentications => (
                StatusCode::BAD_REQUEST,
                ErrorCode::ValidationError,
                "Authenticate the client in one way only (RFC 6749 section 2.3).".to_owned(),
            ),
            R::Invalid(found) => {
                violations = found.iter().map(violation_at_the_door).collect();
                // RFC 6749 §5.2 has no place for a list, so the sentence names the first fault.
                let message = match found.first() {
                    Some(first) if first.path.is_empty() => {
                        format!("The {} {}.", first.place.as_str(), first.message)
                    }
                    Some(first) => {
                        format!("{} in the {} {}.", first.path, first.place.as_str(), first.message)
                    }
                    None => "The request is not valid.".to_owned(),
                };
                (StatusCode::BAD_REQUEST, ErrorCode::ValidationError, message)
            }
        };
        Self {
            status,
            code,
            oauth: OAuthErrorCode::InvalidRequest,
            message,
            violations,
            bearer: BearerChallenge::Bare,
            retry_after: 1,
            request_id: request_id.to_owned(),
        }
    }

    /// The body in the registry's shape.
    pub fn error(&self) -> Error {
        let details =
            (!self.violations.is_empty()).then(|| ErrorDetails { violations: self.violations.clone() });
        Error { code: self.code, message: self.message.clone(), details, request_id: self.request_id.clone() }
    }

    /// The body in the shape of RFC 6749 §5.2.
    pub fn oauth_error(&self) -> OAuthError {
        // What a client sent may stand in a path (a form's unknown name), so the characters are made sure of here.
        let printable = self.message.chars().map(|character| match character {
            '"' | '\\' => '\'',
            ' '..='~' => character,
            _ => '?',
        });
        OAuthError { error: self.oauth, error_description: printable.take(1024).collect(), error_uri: None }
    }

    /// The challenge of the registry's operations (RFC 6750 §3).
    pub fn bearer_challenge(&self) -> HeaderValue {
        let more = match &self.bearer {
            BearerChallenge::Bare => String::new(),
            BearerChallenge::InvalidToken => {
                format!(r#", error="invalid_token", error_description="{}""#, self.message)
            }
            BearerChallenge::InsufficientScope(scope) => {
                format!(
                    r#", error="insufficient_scope", error_description="{}", scope="{scope}""#,
                    self.message
                )
            }
        };
        header(format!(r#"Bearer realm="{REALM}"{more}"#))
    }

    /// The challenge of the token class of operations (RFC 6749 §5.2, RFC 7617 §2.1).
    pub fn basic_challenge(&self) -> HeaderValue {
        header(format!(r#"Basic realm="{REALM}", charset="UTF-8""#))
    }
}

/// A header of characters that a header may have; what cannot be one becomes empty instead of failing an answer.
pub fn header(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

fn violation(found: &crate::domain::refusal::Violation) -> Violation {
    let place = ViolationLocation::ALL.iter().copied().find(|place| place.as_str() == found.location);
    Violation {
        r_in: place.unwrap_or(ViolationLocation::Body),
        path: found.path.clone(),
        rule: found.rule.to_owned(),
        message: found.message.clone(),
    }
}

fn violation_at_the_door(found: &generated::check::Violation) -> Violation {
    let place = ViolationLocation::ALL.iter().copied().find(|place| place.as_str() == found.place.as_str());
    Violation {
        r_in: place.unwrap_or(ViolationLocation::Body),
        path: found.path.clone(),
        rule: found.rule.to_owned(),
        message: found.message.clone(),
    }
}

/// Says which statuses an operation answers: those of a request that was fulfilled, then those of one that was refused.
///
/// Every status that the specification declares must be listed, so one that is added there stops the build here until
/// somebody has decided when it is answered. A refusal whose status the operation does not declare becomes a 500 and an
/// error in the log. The macro knows every status that the templates have a name for.
macro_rules! answers {
    ($answer:ident: $($fulfilled:ident)*) => {
        const _: fn(&$answer) = |answer| match answer { $($answer::$fulfilled { .. } => (),)* };
    };
    ($answer:ident: $($fulfilled:ident)*; refused as $shape:ident: $($refused:ident)*) => {
        const _: fn(&$answer) = |answer| match answer {
            $($answer::$fulfilled { .. } => (),)*
            $($answer::$refused { .. } => (),)*
        };

        impl $crate::api::error::Refusable for $answer {
            fn refused(problem: &$crate::api::error::Problem) -> Self {
                match problem.status {
                    $($crate::api::error::answers!(@status $refused) => {
                        $crate::api::error::answers!(@answer $answer $shape $refused problem)
                    })*
                    status => {
                        tracing::error!(%status, code = problem.code.as_str(), "a refusal is not declared for this operation");
                        let problem = problem.undeclared();
                        $answer::InternalServerError { body: problem.$shape() }
                    }
                }
            }
        }
    };
    (@status BadRequest) => { http::StatusCode::BAD_REQUEST };
    (@status Unauthorized) => { http::StatusCode::UNAUTHORIZED };
    (@status Forbidden) => { http::StatusCode::FORBIDDEN };
    (@status RequestTimeout) => { http::StatusCode::REQUEST_TIMEOUT };
    (@status RequestHeaderFieldsTooLarge) => { http::StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE };
    (@status NotFound) => { http::StatusCode::NOT_FOUND };
    (@status Conflict) => { http::StatusCode::CONFLICT };
    (@status PreconditionFailed) => { http::StatusCode::PRECONDITION_FAILED };
    (@status Gone) => { http::StatusCode::GONE };
    (@status PayloadTooLarge) => { http::StatusCode::PAYLOAD_TOO_LARGE };
    (@status UnsupportedMediaType) => { http::StatusCode::UNSUPPORTED_MEDIA_TYPE };
    (@status UnprocessableEntity) => { http::StatusCode::UNPROCESSABLE_ENTITY };
    (@status TooManyRequests) => { http::StatusCode::TOO_MANY_REQUESTS };
    (@status InternalServerError) => { http::StatusCode::INTERNAL_SERVER_ERROR };
    (@status ServiceUnavailable) => { http::StatusCode::SERVICE_UNAVAILABLE };
    (@answer $answer:ident error Unauthorized $problem:ident) => {
        $answer::Unauthorized { body: $problem.error(), www_authenticate: $problem.bearer_challenge() }
    };
    (@answer $answer:ident error Forbidden $problem:ident) => {
        $answer::Forbidden { body: $problem.error(), www_authenticate: $problem.bearer_challenge() }
    };
    (@answer $answer:ident oauth_error Unauthorized $problem:ident) => {
        $answer::Unauthorized { body: $problem.oauth_error(), www_authenticate: $problem.basic_challenge() }
    };
    (@answer $answer:ident $shape:ident ServiceUnavailable $problem:ident) => {
        $answer::ServiceUnavailable { body: $problem.$shape(), retry_after: $problem.retry_after }
    };
    (@answer $answer:ident $shape:ident TooManyRequests $problem:ident) => {
        $answer::TooManyRequests { body: $problem.$shape(), retry_after: $problem.retry_after }
    };
    (@answer $answer:ident $shape:ident $refused:ident $problem:ident) => {
        $answer::$refused { body: $problem.$shape() }
    };
}
pub(crate) use answers;

/// An operation's answers, of which a refusal picks one.
pub trait Refusable {
    /// The answer that says so.
    fn refused(problem: &Problem) -> Self;
}

impl Problem {
    /// The same, as a failure of the server.
    pub fn undeclared(&self) -> Self {
        Self::new(&Refused::Panic, &self.request_id)
    }
}
