| *** Settings *** |
| Name | DNS Health |
| Default Tags | dns | network |
| *** Test Cases *** | | |
| Resolve Name | [Documentation] | Resolves a \\ name | |
| | ... | and measures. |
| | Log | x |
| Check Zone |
| | [Tags] | zone | # comment |
