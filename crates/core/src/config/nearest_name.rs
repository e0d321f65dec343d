//! What is said of an option that does not exist.

/// A name may differ from the right one in as many letters as this, or a third of them.
const MAX_DISTANCE: usize = 2;

/// Completes the sentence that `name` begins: which of `names` is meant, or which there are.
#[must_use]
pub fn not_an_option(name: &str, names: &[&str]) -> String {
    let lower = name.to_lowercase();
    let nearest = names
        .iter()
        .map(|candidate| (distance(&lower, &candidate.to_lowercase()), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= MAX_DISTANCE.max(candidate.len() / 3));
    match nearest {
        Some((_, candidate)) => format!("is not an option; did you mean {candidate}?"),
        None => format!("is not an option; the options are {}", names.join(", ")),
    }
}

/// How many letters have to be inserted, removed or replaced to make `a` of `b` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, in_a) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, in_b) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(in_a != *in_b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_all_when_none_is_near() {
        let names = ["url", "timeoutMs", "maxEntries"];
        for (name, expected) in [
            ("timeoutMS", "is not an option; did you mean timeoutMs?"),
            ("timeout", "is not an option; did you mean timeoutMs?"),
            ("maxEntry", "is not an option; did you mean maxEntries?"),
            ("uri", "is not an option; did you mean url?"),
            ("retries", "is not an option; the options are url, timeoutMs, maxEntries"),
            ("", "is not an option; the options are url, timeoutMs, maxEntries"),
        ] {
            assert_eq!(not_an_option(name, &names), expected, "{name}");
        }
    }
}
