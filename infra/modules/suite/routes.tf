locals {
  # Each path once, with its function. The load balancer does not distinguish
  # methods; the function does.
  paths = merge([
    for name, f in local.suite.functions : {
      for route in try(f.routes, []) : split(" ", route)[1] => name...
    }
  ]...)

  # The order matters only if two templates match the same path. No two of these
  # do: {run} matches exactly one segment, and the path up to {tile...}, which
  # matches one or more, is the beginning of no other path.
  path_rules = [
    for i, path in sort(keys(local.paths)) : {
      priority = i + 1
      path     = path
      template = replace(replace(path, "...}", "=**}"), "/{([a-z]+)}/", "{$1=*}") # the load balancer writes {run} as {run=*}, and {tile...} as {tile=**}
      function = local.paths[path][0]
    }
  ]
}
