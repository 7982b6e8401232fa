curl -X GET -H "Authorization: Bearer <ACCESS_TOKEN>" https://api.example.org/v1/vms
