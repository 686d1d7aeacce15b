-- G.711 mu-law (ITU-T G.711, RFC 3551 section 4.5.14): halves what a caller's words weigh on the wire.

local g711 = {}

-- As ITU-T G.191 does it: a negative sample is coded as its one's complement, on 14 bits.
local function encode_sample(sample)
  local sign = 0
  if sample < 0 then sample, sign = -sample - 1, 0x80 end
  local magnitude = math.min(math.floor(sample / 4) + 33, 8191)
  local exponent, bound = 0, 64
  while exponent < 7 and magnitude >= bound do exponent, bound = exponent + 1, bound * 2 end
  local mantissa = math.floor(magnitude / 2 ^ (exponent + 1)) % 16
  return 255 - (sign + exponent * 16 + mantissa)
end

-- Two bytes of L16 to one of PCMU, filled as samples are met; a call repeats few of the 65,536.
local codes = setmetatable({}, {
  __index = function(cache, pair)
    local low, high = pair:byte(1, 2)
    local sample = high * 256 + low
    if sample >= 32768 then sample = sample - 65536 end
    local code = string.char(encode_sample(sample))
    cache[pair] = code
    return code
  end,
})

-- Little-endian 16-bit samples to mu-law bytes. An odd last byte is dropped.
function g711.ulaw(samples)
  local even = #samples - #samples % 2
  return (samples:sub(1, even):gsub("..", codes))
end

return g711
