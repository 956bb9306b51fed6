//! What JSON consists of.

use serde_json::Value;

/// A value in which everything that differs from run to run has become its type: the shape, and the order of fields does not count.
pub fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::Array(values) => values.iter().map(shape).collect(),
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "true or false".into(),
        Value::Null => Value::Null,
    }
}
