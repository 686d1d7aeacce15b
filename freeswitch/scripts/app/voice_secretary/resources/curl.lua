-- HTTP through FreeSWITCH's mod_curl: no shell, no LuaSocket.
--
-- mod_curl splits its one argument at spaces, takes ' and \ as quoting, and percent-decodes the body
-- (mod_curl.c, curl_function; switch_utils.c, switch_separate_string and switch_url_decode). So every byte of
-- a body that could mean something to any of the three is percent-encoded, and everything else in the argument
-- is checked against a grammar that has none of them.

local json = require "app.voice_secretary.resources.json"

local curl = {}

-- In the place of an HTTP status: sent and never answered, or not even sent.
curl.NO_ANSWER, curl.NOT_CONNECTED = 0, -1
-- libcurl's exit codes for a name that does not resolve and for a refused connection.
local NOT_CONNECTED_CODES = { ["5"] = true, ["6"] = true, ["7"] = true }

-- Not in the set: space and control bytes, ' \ %, and bytes above ASCII.
local function percent(byte)
  return string.format("%%%02X", byte:byte())
end

function curl.encode_body(body)
  return (body:gsub('[^%w{}%[%]:,"_.~/+=-]', percent))
end

function curl.is_url(url)
  return type(url) == "string" and url:find("^https?://[%w.:%[%]-]+[%w/._~%%?&=-]*$") ~= nil
end

function curl.is_token(token)
  return type(token) == "string" and token:find("^[%w._~+/=-]+$") ~= nil
end

function curl.is_uuid(text)
  return type(text) == "string" and #text == 36 and text:find("^%x+%-%x+%-%x+%-%x+%-%x+$") ~= nil
end

-- request: url, token, connect_timeout_s, timeout_s; domain_uuid or nil; body (a JSON text) makes it a POST.
local function arguments(request)
  local words = {
    request.url, "json",
    "connect-timeout", string.format("%d", request.connect_timeout_s),
    "timeout", string.format("%d", request.timeout_s),
    "append_headers", "X-API-Key:" .. request.token,
  }
  if curl.is_uuid(request.domain_uuid) then
    words[#words + 1] = "append_headers"
    words[#words + 1] = "X-Domain-UUID:" .. request.domain_uuid
  end
  if request.url:find("^https:") then words[#words + 1] = "secure" end
  if request.body then
    -- Without this libcurl waits a second for "100 Continue" before it sends a long body.
    for _, word in ipairs { "append_headers", "Expect:", "content-type", "application/json", "post" } do
      words[#words + 1] = word
    end
    words[#words + 1] = curl.encode_body(request.body)
  else
    words[#words + 1] = "get"
  end
  return table.concat(words, " ")
end

-- The decoded JSON body and the status; or nil, the status, what went wrong and the error's body.
function curl.request(api, request)
  if not curl.is_url(request.url) then return nil, 400, "the service's address is not a URL" end
  if not curl.is_token(request.token) then return nil, 400, "the service's token has characters no token has" end
  local envelope, problem = json.decode(api:execute("curl", arguments(request)))
  if not envelope then return nil, 400, "mod_curl gave no JSON: " .. problem end
  if envelope.exit_code ~= "0" then
    local status = NOT_CONNECTED_CODES[envelope.exit_code] and curl.NOT_CONNECTED or curl.NO_ANSWER
    return nil, status, "curl error " .. tostring(envelope.exit_code)
  end
  local status = tonumber(envelope.status_code) or curl.NO_ANSWER
  local body = json.decode(envelope.body)
  if status < 200 or status > 299 then return nil, status, "status " .. status, body end
  if type(body) ~= "table" then return nil, status, "the answer is not JSON" end
  return body, status
end

return curl
