locals {
  # Every path once, with the function that answers it. The load balancer does
  # not look at methods; the function does.
  paths = merge([
    for name, f in local.suite.functions : {
      for route in try(f.routes, []) : split(" ", route)[1] => name...
    }
  ]...)

  # The order counts only where two templates match one path, which no two of
  # these do: a wildcard stands for exactly one segment.
  path_rules = [
    for i, path in sort(keys(local.paths)) : {
      priority = i + 1
      path     = path
      template = replace(path, "}", "=*}") # {run} is {run=*} to the load balancer
      function = local.paths[path][0]
    }
  ]
}
