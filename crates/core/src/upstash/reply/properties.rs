//! What holds for every response, whatever its bytes. proptest runs it in the tests, libFuzzer in `fuzz/`.

use super::*;

/// What no error may show.
const SECRETS: [&str; 3] = ["the-secret-token", "form:guest@example.com", "a secret value"];

/// Reads `body` as the response to `count` commands.
///
/// # Panics
///
/// When there is another number of replies, or an error that shows a secret.
pub fn check_reply(status: u16, body: &[u8], count: usize, batch: bool) {
    let [token, key, value] = SECRETS;
    let commands = vec![Command::new("SET").arg(key).arg(value); if batch { count } else { 1 }];
    let token = Token::new(token);
    let replies = read(status, body, Asked { commands: &commands, batch, token: &token, retry_after: None });
    let errors = match &replies {
        Ok(replies) => {
            assert_eq!(replies.len(), commands.len());
            replies.iter().filter_map(|reply| reply.as_ref().err()).collect()
        }
        Err(error) => vec![error],
    };
    for error in errors {
        let text = format!("{error} {error:?}");
        assert!(!SECRETS.iter().any(|secret| text.contains(secret)), "{text}");
    }
}
