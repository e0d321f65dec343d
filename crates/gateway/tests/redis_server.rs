//! A temporary Redis replies once it has started, restarts empty on its port, and is gone when dropped.

use redlatch_gateway::RedisServer;

fn keys(redis: &RedisServer) -> redis::RedisResult<Vec<String>> {
    redis::cmd("KEYS").arg("*").query(&mut redis::Client::open(redis.url())?.get_connection()?)
}

#[test]
fn a_started_server_replies_and_is_empty() {
    let redis = RedisServer::start().unwrap();

    assert_eq!(keys(&redis).unwrap(), Vec::<String>::new());
    assert_eq!(redis.url(), format!("redis://127.0.0.1:{}", redis.port()));
}

#[test]
fn servers_do_not_share_a_port() {
    let servers = [RedisServer::start().unwrap(), RedisServer::start().unwrap()];

    assert_ne!(servers[0].port(), servers[1].port());
}

#[test]
fn a_stopped_server_refuses_and_a_restarted_one_is_empty_on_the_same_port() {
    let redis = RedisServer::start().unwrap();
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    redis::cmd("SET").arg("k").arg("v").exec(&mut connection).unwrap();
    redis::cmd("SAVE").exec(&mut connection).unwrap();
    let port = redis.port();

    redis.stop();
    assert!(!redis.is_running());
    assert!(keys(&redis).unwrap_err().is_connection_refusal());

    redis.restart().unwrap();
    assert!(redis.is_running());
    assert_eq!(redis.port(), port);
    assert_eq!(keys(&redis).unwrap(), Vec::<String>::new());
}

#[test]
fn a_dropped_server_is_gone() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();

    drop(redis);

    assert!(
        redis::Client::open(url).unwrap().get_connection().is_err_and(|error| error.is_connection_refusal())
    );
}
