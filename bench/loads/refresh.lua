-- Exchanges refresh tokens, each for the next, which is sent when its turn comes.
-- Argument: a file with a token a line, more of them than there are connections: a token that is
-- on its way is nobody else's. One that was refused is not seen again; wrk counts the refusal.

local tokens, first, last = {}, 1, 0

local function put(token)
  last = last + 1
  tokens[last] = token
end

function init(arguments)
  wrk.method, wrk.path = "POST", "/v1/auth/refresh"
  wrk.headers["Content-Type"] = "application/json"
  for line in io.lines(arguments[1]) do put(line) end
end

function request()
  -- With none left a request without a token goes out, which is refused and so counted.
  local token = tokens[first] or ""
  if token ~= "" then
    tokens[first] = nil
    first = first + 1
  end
  return wrk.format(nil, nil, nil, '{"refresh_token": "' .. token .. '"}')
end

function response(status, headers, body)
  local token = status == 200 and body:match('"refresh_token"%s*:%s*"([^"]+)"')
  if token then put(token) end
end
