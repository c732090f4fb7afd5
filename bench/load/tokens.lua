-- Another token with every request, in turn from a file (one a line), so that a cache smaller than the file never hits.
local requests = {}
local turn = 0
function init(args)
  for token in io.lines(args[1]) do
    wrk.headers["Authorization"] = "Bearer " .. token
    requests[#requests + 1] = wrk.format()
  end
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
