-- JSON (RFC 8259), because plain FreeSWITCH and FusionPBX have no common module for it.
--
-- Arrays come back as Lua sequences, null as `json.null`. An empty Lua table is written as an object.

local json = {}

json.null = setmetatable({}, { __tostring = function() return "null" end })

local escapes = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}

local function escape_byte(byte)
  return escapes[byte] or string.format("\\u%04x", byte:byte())
end

local function encode_string(text)
  return '"' .. text:gsub('[%c"\\]', escape_byte) .. '"'
end

local function encode_number(number)
  assert(number == number and number ~= math.huge and number ~= -math.huge, "JSON has no such number")
  if number == math.floor(number) and math.abs(number) < 2 ^ 53 then return string.format("%.0f", number) end
  return string.format("%.14g", number)
end

local encode_value

local function encode_table(value)
  local parts = {}
  if #value > 0 then
    for index, item in ipairs(value) do parts[index] = encode_value(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys)
  for index, key in ipairs(keys) do parts[index] = encode_string(key) .. ":" .. encode_value(value[key]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

function encode_value(value)
  local kind = type(value)
  if value == json.null then return "null" end
  if kind == "string" then return encode_string(value) end
  if kind == "number" then return encode_number(value) end
  if kind == "boolean" then return tostring(value) end
  if kind == "table" then return encode_table(value) end
  error("JSON has no " .. kind)
end

json.encode = encode_value

-- Deeper texts are refused: a hostile answer must not exhaust the call thread's stack.
local MAX_DEPTH = 32

local function fail(position, what)
  error({ json_error = what .. " at byte " .. position }, 0)
end

local function skip_space(text, position)
  return text:match("^[ \t\r\n]*()", position)
end

local function utf8_bytes(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 0x40), 0x80 + code % 0x40) end
  if code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 0x1000), 0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
  end
  return string.char(0xF0 + math.floor(code / 0x40000), 0x80 + math.floor(code / 0x1000) % 0x40,
    0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

local REPLACEMENT = "\239\191\189"
local unescapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function decode_unicode(text, position)
  local code = tonumber(text:match("^%x%x%x%x", position) or fail(position, "bad \\u escape"), 16)
  position = position + 4
  if code < 0xD800 or code > 0xDFFF then return utf8_bytes(code), position end
  local low = code < 0xDC00 and tonumber(text:match("^\\u(%x%x%x%x)", position) or "", 16)
  if not low or low < 0xDC00 or low > 0xDFFF then return REPLACEMENT, position end
  return utf8_bytes(0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00)), position + 6
end

local function decode_string(text, position)
  local parts = {}
  while true do
    -- One find per run of plain bytes: answers hold tens of kilobytes of base64 in one string.
    local stop = text:find('["\\%c]', position) or fail(position, "string does not end")
    parts[#parts + 1] = text:sub(position, stop - 1)
    local byte = text:sub(stop, stop)
    if byte == '"' then return table.concat(parts), stop + 1 end
    if byte == "\127" then
      parts[#parts + 1], position = byte, stop + 1
    elseif byte ~= "\\" then
      fail(stop, "control character in string")
    else
      local letter = text:sub(stop + 1, stop + 1)
      if letter == "u" then
        parts[#parts + 1], position = decode_unicode(text, stop + 2)
      else
        parts[#parts + 1], position = unescapes[letter] or fail(stop, "bad escape"), stop + 2
      end
    end
  end
end

local decode_value

local function decode_array(text, position, depth)
  local array = {}
  position = skip_space(text, position)
  if text:sub(position, position) == "]" then return array, position + 1 end
  while true do
    array[#array + 1], position = decode_value(text, position, depth)
    position = skip_space(text, position)
    local byte = text:sub(position, position)
    if byte == "]" then return array, position + 1 end
    if byte ~= "," then fail(position, "expected , or ]") end
    position = position + 1
  end
end

local function decode_object(text, position, depth)
  local object = {}
  position = skip_space(text, position)
  if text:sub(position, position) == "}" then return object, position + 1 end
  while true do
    position = skip_space(text, position)
    if text:sub(position, position) ~= '"' then fail(position, "expected a name") end
    local key
    key, position = decode_string(text, position + 1)
    position = skip_space(text, position)
    if text:sub(position, position) ~= ":" then fail(position, "expected :") end
    object[key], position = decode_value(text, position + 1, depth)
    position = skip_space(text, position)
    local byte = text:sub(position, position)
    if byte == "}" then return object, position + 1 end
    if byte ~= "," then fail(position, "expected , or }") end
    position = position + 1
  end
end

local literals = { ["true"] = true, ["false"] = false, null = json.null }

local function decode_number(text, position)
  local digits = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", position)
  local number = digits and not digits:find("^-?0%d") and not digits:find("%.$") and not digits:find("%.[eE]")
    and tonumber(digits)
  if not number then fail(position, "expected a value") end
  return number, position + #digits
end

function decode_value(text, position, depth)
  if depth > MAX_DEPTH then fail(position, "nested too deep") end
  position = skip_space(text, position)
  local byte = text:sub(position, position)
  if byte == '"' then return decode_string(text, position + 1) end
  if byte == "{" then return decode_object(text, position + 1, depth + 1) end
  if byte == "[" then return decode_array(text, position + 1, depth + 1) end
  local word = text:match("^%l+", position)
  if word and literals[word] ~= nil then return literals[word], position + #word end
  return decode_number(text, position)
end

-- The value, or nil and what is wrong with the text.
function json.decode(text)
  if type(text) ~= "string" then return nil, "not a string" end
  local ok, value, position = pcall(decode_value, text, 1, 0)
  if not ok then return nil, type(value) == "table" and value.json_error or tostring(value) end
  if skip_space(text, position) <= #text then return nil, "text after the value at byte " .. position end
  return value
end

return json
