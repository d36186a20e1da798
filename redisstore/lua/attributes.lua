-- Changes members' attributes, if the roster is still the one that was read. After roster.lua.
--
-- ARGV  6 the roster's version   7 how many attributes a member may have
--       8… for each change: the member's id, the attribute's key, its value; an empty one takes it away
-- Reply {version, ms until the next lease runs out, records, '1' if the version was that, else '0'}
local expected, most = ARGV[6], tonumber(ARGV[7])
local applies = opening and expected == '0' or not opening and int(v) == expected

-- The attributes' lines with one of them changed, in the order of their keys; nil if nothing is to change.
local function changed_lines(lines, key, value)
  local had, kept = nil, {}
  for k, old in string.gmatch(lines, '\n([^ \n]+) ([^\n]*)') do
    if k == key then
      had = old
    else
      kept[#kept + 1] = {k, old}
    end
  end
  if (had or '') == value or not had and #kept >= most then
    return nil
  end
  if value ~= '' then
    kept[#kept + 1] = {key, value}
  end
  table.sort(kept, function(a, b) return a[1] < b[1] end)
  local all = ''
  for _, pair in ipairs(kept) do
    all = all .. '\n' .. pair[1] .. ' ' .. pair[2]
  end
  return all
end

if applies then
  for i = 8, #ARGV, 3 do
    local id, key, value = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local record = redis.call('HGET', members, id)
    local joined, identity, transport, lines
    if record then
      joined, identity, transport, lines = parts(record)
    end
    local new = joined and changed_lines(lines, key, value)
    if new then
      record = whole(joined, identity, transport, new)
      redis.call('HSET', members, id, record)
      announce('J', record)
    end
  end
end

local reply = finish()
reply[4] = applies and '1' or '0'
return reply
