-- The request that redlatch makes for a GET, for wrk.

wrk.method = "POST"
wrk.body = '["GET","' .. os.getenv("BENCH_KEY") .. '"]'
wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Upstash-Encoding"] = "base64"
