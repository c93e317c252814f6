package suite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/gcs"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/infra"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// CustomerProject is the project of customers' buckets.
const CustomerProject = "customer"

// CreateCustomerBucket creates a bucket for a component as infra/modules/storage does in a
// customer's project, except for what change changes before. The platform's accounts get their
// roles on it.
func (c *Cloud) CreateCustomerBucket(record tenant.Record, of tenant.Component, name string, change func(*gcs.Bucket)) error {
	bucket := gcs.Bucket{
		Name: name, ProjectID: CustomerProject, Location: record.Location, DefaultKMSKeyName: record.KeyName,
		Labels: labels(record.ID, string(of)),
	}
	if of == tenant.Outputs {
		bucket.NotificationTopic, bucket.NotificationEvents = objectEvents, []string{"OBJECT_FINALIZE"}
	}
	if change != nil {
		change(&bucket)
	}
	return errors.Join(c.GCS.CreateBucket(bucket), c.GrantCustomerRoles(record, of, name))
}

// CustomerBindings returns the roles of the platform's accounts on a customer's bucket for a
// component.
func (c *Cloud) CustomerBindings(record tenant.Record, of tenant.Component, bucket string) (all []iam.Binding) {
	accounts := map[string]string{"signing": record.SigningAccount, "exportReader": exportReader}
	for id, role := range c.Suite.CustomerRoles {
		if !slices.Contains(role.Buckets, string(of)) {
			continue
		}
		for _, holder := range role.Holders {
			account := accounts[holder]
			if account == "" {
				account = FunctionAccount(holder)
			}
			all = append(all, iam.Binding{Member: account, Role: infra.RoleName(id, CustomerProject), Resource: "buckets/" + bucket})
		}
	}
	return all
}

// GrantCustomerRoles grants the platform's accounts their roles on a customer's bucket for a
// component.
func (c *Cloud) GrantCustomerRoles(record tenant.Record, of tenant.Component, bucket string) error {
	for id, role := range c.Suite.CustomerRoles {
		if err := c.IAM.CreateRole(infra.RoleName(id, CustomerProject), role.Permissions...); err != nil {
			return err
		}
	}
	for _, b := range c.CustomerBindings(record, of, bucket) {
		if err := c.IAM.Bind(b); err != nil {
			return err
		}
	}
	return nil
}

// WithdrawCustomerRoles removes every role of the platform's accounts on a customer's bucket for a
// component.
func (c *Cloud) WithdrawCustomerRoles(record tenant.Record, of tenant.Component, bucket string) error {
	for _, b := range c.CustomerBindings(record, of, bucket) {
		if err := c.IAM.Unbind(b); err != nil {
			return err
		}
	}
	return nil
}

// grantCustomerRoles grants the roles on the customer's buckets that a record has.
func (c *Cloud) grantCustomerRoles(record tenant.Record) error {
	for _, of := range []tenant.Component{tenant.Outputs, tenant.Exports} {
		for _, bucket := range record.Buckets(of) {
			if !record.IsCustomers(bucket) {
				continue
			}
			if err := c.GrantCustomerRoles(record, of, bucket); err != nil {
				return err
			}
		}
	}
	return nil
}

// SetStorage makes a customer's bucket the one of a component of a tenant, as Terraform does.
// Functions that have cached the record see it after a minute.
func (c *Cloud) SetStorage(ctx context.Context, id tenant.ID, of tenant.Component, bucket string) (tenant.Record, error) {
	record, err := c.storedRecord(ctx, id)
	if err != nil {
		return record, err
	}
	earlier := record.Buckets(of)
	if of == tenant.Exports {
		record.EarlierExportsBuckets, record.ExportsBucket = earlier, bucket
	} else {
		record.EarlierOutputsBuckets, record.OutputsBucket = earlier, bucket
	}
	record.CustomerBuckets = append(slices.Clone(record.CustomerBuckets), bucket)
	if err := record.Validate(); err != nil {
		return record, err
	}
	db, err := c.Directory.Client(ctx)
	if err != nil {
		return record, err
	}
	_, err = db.Collection("tenants").Doc(string(id)).Update(ctx, []firestore.Update{
		{Path: "outputsBucket", Value: record.OutputsBucket},
		{Path: "earlierOutputsBuckets", Value: record.EarlierOutputsBuckets},
		{Path: "exportsBucket", Value: record.ExportsBucket},
		{Path: "earlierExportsBuckets", Value: record.EarlierExportsBuckets},
		{Path: "customerBuckets", Value: record.CustomerBuckets},
	})
	if err != nil {
		return record, fmt.Errorf("change the storage: %w", err)
	}
	return record, nil
}
