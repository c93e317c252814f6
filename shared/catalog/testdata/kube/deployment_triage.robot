*** Settings ***
Documentation     Looks into a deployment that is not healthy.
...               It reads logs and events,
...
...               and changes nothing.\n
...               See `https://example.com/triage`.
Metadata          Author          Ann Example
Metadata          Display Name    Triage of Deployments
Metadata          Supports        Kubernetes,AKS, Managed Services    Kubernetes
Test Tags         Kubernetes      read-only
Library           Process         # not ours

*** Variables ***
${NAMESPACE}      shop

*** Tasks ***
Fetch Deployment Logs For `${DEPLOYMENT}` In Namespace `${NAMESPACE}`
    [Documentation]    Fetches the last lines of the logs of each pod
    ...    of a deployment.    # the newest first
    [Tags]    logs    Deployment    Read-Only
    ${result}=    Run Process    kubectl    logs
    ...    deployment/cart

Inspect Warning Events    [Documentation]    Lists events \# of type Warning.
    # nothing but a comment

    [Tags]    events    -read-only
    Log    hello

Check Replicas
	[Tags]	NONE
	Log	tabs part cells too

*** Keywords ***
Not A Task
    [Documentation]    Nobody should see this.
