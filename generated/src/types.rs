//! Types that the schemas need and the standard library lacks.

use std::fmt;
use std::marker::PhantomData;

use chrono::{DateTime, Datelike as _, SecondsFormat, Utc};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use uuid::Uuid;
use zeroize::Zeroize;

use crate::params::FromText;

/// A string of `format: password`: neither `Debug` nor `Display` reveals it, and its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself; name the reason where you call this.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A string of `format: date-time`: UTC, in whole milliseconds, always written with three decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub DateTime<Utc>);

impl Timestamp {
    /// Reads an RFC 3339 time; what is finer than a millisecond is cut off. A time whose year has no four digits in UTC
    /// could not be written again, and is none.
    pub fn parse(text: &str) -> Option<Self> {
        // By way of the milliseconds a leap second becomes the second after it.
        let time =
            DateTime::from_timestamp_millis(DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis())?;
        (0..=9999).contains(&time.year()).then_some(Self(time))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer)
    }
}

/// A free-form JSON object. A repeated key is an error, wherever it stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct JsonObject(pub Map<String, Value>);

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = JsonObject;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<JsonObject, A::Error> {
                object(access).map(JsonObject)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn object<'de, A: MapAccess<'de>>(mut access: A) -> Result<Map<String, Value>, A::Error> {
    let mut map = Map::new();
    while let Some(key) = access.next_key::<String>()? {
        let Any(value) = access.next_value()?;
        if map.contains_key(&key) {
            return Err(de::Error::custom(format_args!("duplicate field `{key}`")));
        }
        map.insert(key, value);
    }
    Ok(map)
}

struct Any(Value);

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyVisitor;
        impl<'de> Visitor<'de> for AnyVisitor {
            type Value = Any;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Any, E> {
                Ok(Any(Value::Null))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Any, E> {
                Ok(Any(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Any, E> {
                Ok(Any(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Any, E> {
                Ok(Any(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Any, E> {
                Ok(Any(value.into()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Any, E> {
                Ok(Any(value.into()))
            }

            fn visit_string<E>(self, value: String) -> Result<Any, E> {
                Ok(Any(value.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Any, A::Error> {
                let mut list = Vec::new();
                while let Some(Any(value)) = access.next_element()? {
                    list.push(value);
                }
                Ok(Any(Value::Array(list)))
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Any, A::Error> {
                object(access).map(|map| Any(Value::Object(map)))
            }
        }
        deserializer.deserialize_any(AnyVisitor)
    }
}

/// Reads an optional member that is there. `null` is then refused, unless the schema is nullable; in that case it is
/// `Some(None)` and absence is `None`, two things that a merge patch (RFC 7396) needs to tell apart.
///
/// # Errors
/// Those of the member's own type.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads a required member that is nullable: serde by itself would take its absence for `null`.
///
/// # Errors
/// Those of the member's own type.
pub fn required<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(deserializer)
}

/// Reads a string as what parameters of that type are read as.
///
/// # Errors
/// The rule that it breaks, a colon and what to do about it.
pub fn text<'de, T: FromText, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Reader<T>(PhantomData<T>);
    impl<T: FromText> Visitor<'_> for Reader<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            T::from_text(text).map_err(|message| E::custom(format_args!("{}: {message}", T::RULE)))
        }
    }
    deserializer.deserialize_str(Reader(PhantomData))
}

/// UUIDs, one or several, as members of an object.
pub trait Uuids<'de>: Sized {
    /// Reads them in the one spelling that parameters have, too; the type's own reader knows several.
    ///
    /// # Errors
    /// That it is no UUID, or not one in that spelling.
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

struct Spelt<T>(T);

impl<'de, T: Uuids<'de>> Deserialize<'de> for Spelt<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

impl<'de> Uuids<'de> for Uuid {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer)
    }
}

impl<'de, T: Uuids<'de>> Uuids<'de> for Option<T> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<Spelt<T>>::deserialize(deserializer)?.map(|Spelt(uuids)| uuids))
    }
}

impl<'de, T: Uuids<'de>> Uuids<'de> for Vec<T> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Spelt<T>>::deserialize(deserializer)?.into_iter().map(|Spelt(uuid)| uuid).collect())
    }
}

/// Reads a required member of UUIDs.
///
/// # Errors
/// Those of [`Uuids::read`].
pub fn uuids<'de, T: Uuids<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}

/// Reads an optional member of UUIDs that is there.
///
/// # Errors
/// Those of [`Uuids::read`].
pub fn present_uuids<'de, T: Uuids<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::read(deserializer).map(Some)
}

/// Reads structures from objects alone: serde by itself would also take an array for the members in their order.
pub(crate) struct Objects<D>(pub(crate) D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Objects<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        struct Members<V>(V);
        impl<'de, V: Visitor<'de>> Visitor<'de> for Members<V> {
            type Value = V::Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
                self.0.visit_map(access)
            }
        }
        self.0.deserialize_map(Members(visitor))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
